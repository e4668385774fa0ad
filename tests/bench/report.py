"""Medians, ratios, and how they are printed."""
from statistics import median

COLUMNS = {
    "main": ["nc", "ncat", "socat", "lean", "tcptool"],
    "tls": ["ncat", "socat", "s_server", "lean", "tcptool"],
    "text": ["nc | iconv", "socat, tr", "lean", "tcptool"],
    "chat": ["ncat --chat", "ncat --broker", "lean", "tcptool"],
    "program": ["tcpserver", "ncat", "socat", "xinetd", "lean", "tcptool"],
    "workers": ["1 worker", "2 workers"],
    "scale-echo": ["ncat", "socat", "lean", "tcptool"],
    "scale-bytes": ["nc", "lean", "tcptool"],
}
HEADINGS = {
    "main": ("Against the peers", "work"),
    "tls": ("TLS 1.3", "work"),
    "text": ("Text", "work"),
    "chat": ("A room", "work"),
    "program": ("A program for each client", "program"),
    "workers": ("Workers", "work"),
    "scale-echo": ("How echo grows: 64 bytes on each of this many connections", "connections"),
    "scale-bytes": ("How a transfer grows: received to /dev/null, connecting included", "bytes"),
}
OURS = {"tcptool", "lean", "1 worker", "2 workers"}


def medians(samples):
    """name -> {rate, cost, memory}, from all the rounds."""
    result = {}
    for key in ("rate", "cost", "memory"):
        values = [getattr(s, key) for s in samples if getattr(s, key) is not None]
        if values:
            result[key] = median(values)
    return result


def number(value):
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}" if value >= 0.001 or value == 0 else f"{value:.1e}"


def size(value):
    return number(value) if value < 1e5 else f"{value / 1e6:,.1f} MB"


def cell(row, result):
    if "unavailable" in result:
        return "n/a"
    if "failed" in result:
        return "failed"
    if row.rate is None:
        return size(result["memory"])
    text = f"{number(result['rate'] * row.rate[1])} ({number(result['cost'] * row.cost[1])})"
    if row.memory:
        text += f", {size(result['memory'])}"
    return text


def spelled_out(row, result):
    """The same, each figure with its unit."""
    if "unavailable" in result or "failed" in result:
        return cell(row, result)
    if row.rate is None:
        return f"{size(result['memory'])} {row.memory}"
    (rate_unit, rate), (cost_unit, cost) = row.rate, row.cost
    text = f"{number(result['rate'] * rate)} {rate_unit} ({number(result['cost'] * cost)} {cost_unit})"
    return text + (f", {size(result['memory'])}" if row.memory else "")


def ratio_text(ours, theirs):
    """How much faster, and how much processor time it takes, in theirs."""
    parts = []
    if ours.get("rate") and theirs.get("rate"):
        parts.append(f"{ours['rate'] / theirs['rate']:.2f}×")
        if theirs["cost"] > 0:
            parts.append(f"(cpu {ours['cost'] / theirs['cost']:.2f}×)")
    elif "memory" in ours and theirs.get("memory"):
        parts.append(f"{ours['memory'] / theirs['memory']:.2g}×")
    return " ".join(parts)


def best_of(results):
    """The best of each figure; not all need to come from one."""
    usable = [r for r in results if "rate" in r or "memory" in r]
    best = {}
    for key, choose in (("rate", max), ("cost", min), ("memory", min)):
        values = [r[key] for r in usable if key in r]
        if values:
            best[key] = choose(values)
    return best


def ratios(results):
    """(to the best peer, to the leanest program) as text."""
    ours = results.get("tcptool", {})
    peers = best_of([r for name, r in results.items() if name not in OURS])
    return ratio_text(ours, peers), ratio_text(ours, results.get("lean", {}))


def unit_text(row):
    if row.rate is None:
        return row.memory
    return f"{row.rate[0]} ({row.cost[0]} of processor)" + (f", {row.memory}" if row.memory else "")


def group_table(group, rows, results):
    columns = [c for c in COLUMNS[group] if any(c in results[r.name] for r in rows)]
    heading, first = HEADINGS[group]
    head = [first, "unit", *("leanest" if c == "lean" else c for c in columns)]
    compared = group != "workers"
    if compared:
        head += ["tcptool / best peer", "tcptool / leanest"]
    lines = [f"### {heading}", "", "| " + " | ".join(head).replace("nc | iconv", "nc \\| iconv")
             + " |", "|" + " --- |" * len(head)]
    for row in rows:
        got = results[row.name]
        cells = [row.title, unit_text(row)]
        cells += [cell(row, got[c]) if c in got else "–" for c in columns]
        if compared:
            cells += [text or "–" for text in ratios(got)]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def tables(rows, results):
    """All tables, in Markdown."""
    parts = []
    for group in COLUMNS:
        chosen = [r for r in rows if r.group == group and r.name in results]
        if chosen:
            parts.append(group_table(group, chosen, results))
    return "\n\n".join(parts)


def ours_of(results):
    """What is compared with the others."""
    return results.get("tcptool") or results.get("2 workers") or {"unavailable": "not measured"}


def summary_line(figure):
    """One row of the short table: ours, and ours against the others."""
    got = figure["contestants"]
    ours = ours_of(got)
    if "2 workers" in got and "rate" in ours:
        compared = [f"one worker: {ratio_text(ours, got['1 worker'])}", ""]
    else:
        compared = [figure["to_best_peer"], figure["to_leanest"]]
    kind = {"tls": "TLS: ", "program": "a program for each client: "}.get(figure["group"], "")
    cells = [kind + figure["title"], figure["ours"], *(c or "–" for c in compared)]
    return "| " + " | ".join(cells) + " |"


def growth_table(group, figures):
    """How cost grows: everybody's rates, a line per step."""
    names = [n for n in COLUMNS[group] if any(n in f["contestants"] for f in figures)]
    heads = [HEADINGS[group][1], *("leanest" if n == "lean" else n for n in names)]
    lines = ["| " + " | ".join(heads) + " |", "|" + " --- |" * len(heads)]
    for f in figures:
        cells = [f["texts"].get(n, "–") for n in names]
        lines.append("| " + " | ".join([f["title"], *cells]) + " |")
    return "\n".join([f"{HEADINGS[group][0]}, {figures[0]['unit']}:", "", *lines])


def summary(figures):
    """The short tables, from what write_json() has written."""
    lines = ["| work | tcptool | against the best of nc, ncat, socat | against the leanest program |",
             "| --- | --- | --- | --- |"]
    lines += [summary_line(f) for f in figures if not f["group"].startswith("scale")]
    parts = ["\n".join(lines)]
    for group in ("scale-echo", "scale-bytes"):
        steps = [f for f in figures if f["group"] == group]
        if steps:
            parts.append(growth_table(group, steps))
    return "\n\n".join(parts)
