# tcptool: build, test, install. `make help` lists what there is.

VERSION := $(shell cat VERSION)
VARIANT ?= release
BUILD   := build/$(VARIANT)

PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
MANDIR ?= $(PREFIX)/share/man
DOCDIR ?= $(PREFIX)/share/doc/tcptool
BASHCOMPDIR ?= $(PREFIX)/share/bash-completion/completions
ZSHCOMPDIR ?= $(PREFIX)/share/zsh/site-functions
FISHCOMPDIR ?= $(PREFIX)/share/fish/vendor_completions.d
INSTALL ?= install

# CFLAGS, CPPFLAGS and LDFLAGS are the user's; what the project needs stands apart.
CFLAGS ?= -O2 -g
WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Wformat=2 -Wstrict-prototypes -Wmissing-prototypes
own_cppflags := -D_GNU_SOURCE -DTCPTOOL_VERSION='"$(VERSION)"' -Imodules -I.
own_cflags := -std=gnu11 $(WARNINGS) -pthread
own_ldflags := -pthread

ifeq ($(VARIANT),asan)
own_cppflags += -DSANITIZED # the sandbox leaves what looking for leaks needs
own_cflags += -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
own_ldflags += -fsanitize=address,undefined
else ifeq ($(VARIANT),tsan)
own_cppflags += -DSANITIZED
own_cflags += -O1 -g -fno-omit-frame-pointer -fsanitize=thread
own_ldflags += -fsanitize=thread
else ifeq ($(VARIANT),faults)
own_cppflags += -U_FORTIFY_SOURCE # its calls have other names
own_cflags += -O1 -g
else
own_cppflags += -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
own_cflags += -fPIE -fstack-protector-strong -fstack-clash-protection
own_ldflags += -pie -Wl,-z,relro,-z,now -Wl,--as-needed
endif

# libunistring is linked in, so that commands that do not need it do not load it.
UNISTRING ?= -Wl,-Bstatic -lunistring -Wl,-Bdynamic

sources  := $(sort $(wildcard modules/*/*.c))
library  := $(BUILD)/libtcptool.a
syscalls := $(BUILD)/syscall_filter_program.c
program  := $(if $(filter release,$(VARIANT)),tcptool,$(BUILD)/tcptool)
units    := $(patsubst tests/unit/%.c,$(BUILD)/tests/unit/%,$(sort $(wildcard tests/unit/test_*.c)))
peers    := $(patsubst tests/peers/%.c,$(BUILD)/tests/peers/%,$(sort $(wildcard tests/peers/*.c)))
benches  := $(BUILD)/tests/bench/load $(BUILD)/tests/bench/lean
fuzzers  := $(patsubst tests/fuzz/%.c,build/fuzz/%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
manual   := $(sort $(wildcard man/*.[17]))
completion_dirs = $(BASHCOMPDIR) $(ZSHCOMPDIR) $(FISHCOMPDIR)

# One short line per file, so that warnings stand out: CC modules/core/loop.c. V=1 shows the
# whole commands, -s nothing.
silent    := $(findstring s,$(firstword -$(MAKEFLAGS)))
brief      = $(if $(filter 1,$(V)),,@$(if $(silent),,echo '$(1) $(2)' &&) )
compile   = $(CC) $(own_cppflags) $(CPPFLAGS) $(own_cflags) $(CFLAGS) -MMD -MP
link      = $(CC) $(own_cflags) $(CFLAGS) $(own_ldflags) $(LDFLAGS)

.PHONY: all completions deps demo check check-asan check-faults check-threads fuzz lint format bench bench-rules bench-rate install uninstall clean help test-programs

all: $(program) ## Build ./tcptool

$(program): $(BUILD)/tcptool.o $(library)
	$(call brief,LD,$@)$(link) -o $@ $^ $(UNISTRING) $(LDLIBS)

$(library): $(sources:%.c=$(BUILD)/%.o) $(syscalls:%.c=%.o)
	@rm -f $@
	$(call brief,AR,$@)$(AR) rcs $@ $^

$(BUILD)/%.o: %.c VERSION Makefile
	@mkdir -p $(@D)
	$(call brief,CC,$<)$(compile) -c -o $@ $<

$(syscalls:%.c=%.o): $(syscalls)
	$(call brief,CC,$<)$(compile) -c -o $@ $<

# SECCOMP=no leaves the filter of system calls out, also for machines that cannot run what is
# built for them here. --version says so.
$(syscalls): tools/make_syscall_filter.c Makefile
	@mkdir -p $(@D)
	$(call brief,GEN,$@)if [ '$(SECCOMP)' != no ] && \
	    echo '#include <seccomp.h>' | $(CC) $(CPPFLAGS) -E - >/dev/null 2>&1; then \
	  $(CC) $(own_cppflags) $(CPPFLAGS) -std=gnu11 $(WARNINGS) $(CFLAGS) $(LDFLAGS) -o $@.make $< -lseccomp && \
	  $(abspath $@.make) >$@.new && mv $@.new $@; \
	else \
	  [ '$(SECCOMP)' = no ] || echo 'warning: seccomp.h is missing (sh .ci/setup installs it):' \
	    'system calls will not be limited' >&2; \
	  printf '%s\n' '#include "core/syscall_filter.h"' \
	    'const unsigned char syscall_filter_program[1];' 'const size_t syscall_filter_size;' >$@; \
	fi

$(BUILD)/tests/unit/%: $(BUILD)/tests/unit/%.o $(library)
	$(call brief,LD,$@)$(link) -o $@ $^ -lcmocka $(UNISTRING) $(LDLIBS)

$(BUILD)/tests/peers/%: $(BUILD)/tests/peers/%.o
	$(call brief,LD,$@)$(link) -o $@ $^ $(LDLIBS)

# Each is made of the files whose names begin with its own.
$(benches): $(BUILD)/tests/bench/%: $(sort $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/bench/*.c)))
	$(call brief,LD,$@)$(link) -o $@ $(filter $(@D)/$(@F)%.o $(@D)/common%.o,$^) -lssl -lcrypto $(LDLIBS)

# Of the code of the program itself.
$(BUILD)/tests/bench/rules: $(BUILD)/tests/bench/rules.o $(library)
	$(call brief,LD,$@)$(link) -o $@ $^ $(UNISTRING) $(LDLIBS)

test-programs: $(program) $(units) $(peers)

deps: ## Install what is missing on a bare Debian machine (asks for root only then)
	sh .ci/setup

demo: all ## Show a server and a client exchanging a message and a file
	@sh tests/helpers/demo.sh

check: test-programs ## Run every test; the last line counts them
	tests/helpers/check $(BUILD) $(program)

check-asan: ## The same, built with the address and undefined-behaviour sanitizers
	$(MAKE) VARIANT=asan check

# Make builds what a variant needs by calling itself.
check-faults: ## Fail each system call and each allocation in turn, in many scenarios
	$(MAKE) VARIANT=faults build/faults/tcptool build/faults/shim.so
	tests/faults/run build/faults/tcptool build/faults/shim.so

build/faults/shim.so: tests/faults/shim.c Makefile
	@mkdir -p $(@D)
	$(call brief,CC,$<)$(compile) -shared -fPIC -o $@ $< -ldl

check-threads: ## Run the tests of workers with the thread sanitizer
	$(MAKE) VARIANT=tsan test-programs
	tests/helpers/check build/tsan build/tsan/tcptool workers.bats

fuzz: $(fuzzers) ## Run every fuzz target for FUZZ_SECONDS (60) each
	tests/helpers/fuzz $(fuzzers)

build/fuzz/%: tests/fuzz/%.c $(sources) $(syscalls) $(wildcard modules/*/*.h) Makefile
	@mkdir -p $(@D)
	$(call brief,CC,$<)clang $(own_cppflags) -std=gnu11 $(WARNINGS) -O1 -g -fsanitize=fuzzer,address,undefined \
	    -fno-sanitize-recover=all -pthread -o $@ $< $(sources) $(syscalls) $(UNISTRING)

lint: ## Check layout, includes, spelling of shell and warnings of a second compiler
	tests/helpers/lint

format: ## Lay out the C sources
	clang-format -i tcptool.c tools/*.c modules/*/*.[ch] $(wildcard tests/*/*.[ch])

bench: $(program) $(benches) bench-rules ## Measure against nc, ncat and socat side by side
	tests/bench/run $(BUILD)

bench-rules: $(BUILD)/tests/bench/rules ## Time 100,000 access rules: reading and looking up
	$<

bench-rate: $(program) ## Measure how exactly --rate holds, over 10 seconds
	tests/bench/rate ./$<

completions: $(program) ## Make the completions anew, after a change of options
	completions/generate ./$(program) completions

install: $(program) ## Install below PREFIX (/usr/local), honouring DESTDIR
	$(INSTALL) -d $(addprefix $(DESTDIR),$(BINDIR) $(MANDIR)/man1 $(MANDIR)/man7 $(DOCDIR) $(completion_dirs))
	$(INSTALL) -m 755 $(program) $(DESTDIR)$(BINDIR)/tcptool
	$(INSTALL) -m 644 $(filter %.1,$(manual)) $(DESTDIR)$(MANDIR)/man1
	$(INSTALL) -m 644 $(filter %.7,$(manual)) $(DESTDIR)$(MANDIR)/man7
	$(INSTALL) -m 644 README.md CHANGELOG.md SECURITY.md LICENSE $(DESTDIR)$(DOCDIR)
	$(INSTALL) -m 644 completions/tcptool.bash $(DESTDIR)$(BASHCOMPDIR)/tcptool
	$(INSTALL) -m 644 completions/_tcptool $(DESTDIR)$(ZSHCOMPDIR)/_tcptool
	$(INSTALL) -m 644 completions/tcptool.fish $(DESTDIR)$(FISHCOMPDIR)/tcptool.fish

# Directories of bin and man stay; those that may be there for our sake go when they are empty.
uninstall: ## Remove what install put there
	rm -f $(DESTDIR)$(BINDIR)/tcptool $(addprefix $(DESTDIR)$(MANDIR)/man1/,$(notdir $(filter %.1,$(manual)))) \
	    $(addprefix $(DESTDIR)$(MANDIR)/man7/,$(notdir $(filter %.7,$(manual)))) \
	    $(addprefix $(DESTDIR)$(DOCDIR)/,README.md CHANGELOG.md SECURITY.md LICENSE) \
	    $(DESTDIR)$(BASHCOMPDIR)/tcptool $(DESTDIR)$(ZSHCOMPDIR)/_tcptool \
	    $(DESTDIR)$(FISHCOMPDIR)/tcptool.fish
	for directory in $(DOCDIR) $(foreach d,$(completion_dirs),$(d) $(dir $(d))); do \
	    rmdir "$(DESTDIR)$$directory" 2>/dev/null || true; \
	done

clean: ## Remove everything that was built
	rm -rf build tcptool

help: ## List these targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' Makefile | expand -t 12

-include $(shell find build -name '*.d' 2>/dev/null)
