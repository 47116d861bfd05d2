// Draws the page of a bill.

const sent = (tokens) => tokens.input + tokens.cache_write_5m + tokens.cache_write_1h + tokens.cache_read;
const shortName = (agent) => (agent.kind === "main" ? "orchestrator" : `${agent.type} ${agent.id.replace(/^acompact-/, "").slice(0, 8)}`);
const kindColour = (line) => css(line.own ? "--c-own" : `--c-${line.kind}`) || css("--soft");

// Head ---------------------------------------------------------------------------------------------------------------

function head() {
  const requests = data.runs.reduce((sum, run) => sum + run.requests, 0);
  const one = data.runs.length === 1 ? data.runs[0] : null;
  byId("scope").textContent = one
    ? `${one.title ? one.title + " · " : ""}${one.session} · ${one.project} · ${localTime(one.started)}`
    : plural(data.runs.length, "session");
  byId("total").textContent = (data.lower_bound ? "at least " : "") + money(data.total_usd);
  const estimated = data.runs.reduce((sum, run) => sum + run.estimated.requests, 0);
  const part = data.runs.reduce((sum, run) => sum + run.estimated.usd, 0);
  byId("basis").textContent = plural(requests, "request") +
    (estimated ? `; ${money(part)} of it is estimated output (${plural(estimated, "request")} without a final count)` : "");
  const notes = [];
  for (const run of data.runs) {
    const name = one ? "" : run.session.slice(0, 8) + ": ";
    for (const gap of run.gaps) notes.push(`${name}lower bound: ${gap}`);
    if (run.unrecorded_usd) notes.push(`${name}${money(run.unrecorded_usd)} of Claude Code's own account is in no transcript; included`);
    for (const text of run.assumed_prices) notes.push(`price assumed: ${text}`);
  }
  showNotes(notes);
  byId("savings-section").hidden = data.savings.length === 0;
  byId("savings").replaceChildren(
    ...data.savings.map((saving) => element("li", {}, element("b", {}, money(saving.usd)), element("span", {}, saving.words)))
  );
}

function tiles(run) {
  const cells = [
    ["Orchestrator", run.orchestrator_usd, share(run.orchestrator_usd, run.usd)],
    ["Subagents", run.subagents_usd, share(run.subagents_usd, run.usd)],
    ["Auxiliary", run.auxiliary_usd, "compaction, warm-up" + (run.unrecorded_usd ? `; ${money(run.unrecorded_usd)} unrecorded` : "")],
    ["Tool loop", run.tool_loop_usd, `${share(run.tool_loop_usd, run.usd)}, across the agents`],
    ["mcp_lean itself", run.own_overhead_usd, share(run.own_overhead_usd, run.usd)],
  ].map(([name, usd, more]) => element("div", {}, element("dt", {}, name), element("dd", {}, money(usd), element("small", {}, more))));
  const read = run.read_share;
  cells.push(element("div", {}, element("dt", {}, "Read from the cache"),
    element("dd", {}, read === null ? "-" : (100 * read).toFixed(1) + " %", element("small", {}, ["of the input", run.cache_mark].filter(Boolean).join("; ")))));
  byId("tiles").replaceChildren(...cells);
}

// Charts -------------------------------------------------------------------------------------------------------------

function whereChart(run) {
  const agents = run.agents.filter((agent) => agent.usd > 0).sort((a, b) => b.usd - a.usd);
  const shown = agents.slice(0, 11);
  const rest = agents.slice(11);
  const bars = shown.map((agent) => ({ name: axisName(agent), usd: agent.usd, lines: agent.lines }));
  if (rest.length) {
    const sums = new Map();
    for (const agent of rest) for (const line of agent.lines) {
      const known = sums.get(line.label) || { ...line, usd: 0 };
      known.usd += line.usd;
      sums.set(line.label, known);
    }
    bars.push({ name: `${rest.length} more agents`, usd: rest.reduce((s, a) => s + a.usd, 0), lines: [...sums.values()] });
  }
  if (run.unrecorded_usd) {
    bars.push({ name: "in no transcript", usd: run.unrecorded_usd, lines: run.lines.filter((line) => line.kind === "unrecorded") });
  }
  const labels = run.lines.map((line) => line.label);
  const traces = labels.map((name, index) => ({
    type: "bar", orientation: "h", name,
    y: bars.map((bar, place) => place),
    x: bars.map((bar) => bar.lines.filter((line) => line.label === name).reduce((s, line) => s + line.usd, 0)),
    marker: { color: kindColour(run.lines[index]), line: { width: 0 } },
    customdata: bars.map((bar) => money(bar.lines.filter((line) => line.label === name).reduce((s, line) => s + line.usd, 0))),
    text: bars.map((bar) => bar.name), textposition: "none",
    hovertemplate: "%{text}<br>" + name + ": %{customdata}<extra></extra>",
  }));
  legend("where-legend", run.lines.map((line) => [line.label, kindColour(line)]));
  byId("where").style.height = 70 + 38 * bars.length + "px";
  return Plotly.react("where", traces, layout({
    barmode: "stack", bargap: 0.35,
    xaxis: { tickprefix: "$", nticks: narrow() ? 4 : 8 },
    yaxis: { autorange: "reversed", tickvals: bars.map((bar, place) => place), ticktext: bars.map((bar) => bar.name), ticksuffix: " " },
  }), settings);
}

const axisName = (agent) => {
  const name = shortName(agent);
  return narrow() && name.length > 15 ? name.slice(0, 14) + "…" : name;
};
const local = (seconds) => {
  const time = new Date(seconds * 1000);
  return new Date(time.getTime() - time.getTimezoneOffset() * 60000).toISOString().slice(0, 19).replace("T", " ");
};

function timeChart(run) {
  const agents = run.agents.filter((agent) => agent.started && agent.ended)
    .sort((a, b) => a.started.localeCompare(b.started) || a.id.localeCompare(b.id)).slice(0, 40);
  const start = agents.map((agent) => new Date(agent.started).getTime() / 1000);
  const end = agents.map((agent) => new Date(agent.ended).getTime() / 1000);
  const span = Math.max(...end, 1) - Math.min(...start, Infinity);
  const colours = { main: css("--c-base"), subagent: css("--c-result"), workflow: css("--c-search") };
  byId("time").style.height = Math.max(150, 70 + 30 * agents.length) + "px";
  return Plotly.react("time", [{
    type: "bar", orientation: "h",
    y: agents.map((agent, index) => index),
    base: start.map(local),
    x: agents.map((agent, index) => 1000 * Math.max(end[index] - start[index], span / 150, 1)),
    marker: { color: agents.map((agent) => colours[agent.kind] || css("--c-auxiliary")) },
    text: agents.map((agent) => money(agent.usd)),
    textposition: "auto", cliponaxis: false, textfont: { size: 12 }, insidetextfont: { color: css("--bg") },
    customdata: agents.map((agent) => [shortName(agent), agent.model, agent.requests, localTime(agent.started), money(agent.usd)]),
    hovertemplate: "%{customdata[0]}<br>%{customdata[1]}, %{customdata[2]} requests<br>%{customdata[3]}<br>%{customdata[4]}<extra></extra>",
  }], layout({
    bargap: 0.3,
    xaxis: { type: "date", nticks: narrow() ? 3 : 8, tickangle: 0 },
    yaxis: { autorange: "reversed", tickvals: agents.map((a, i) => i), ticktext: agents.map(axisName), ticksuffix: " " },
  }), settings);
}

function contextChart(run) {
  const palette = ["--c-base", "--c-result", "--c-answer", "--c-prompt", "--c-search", "--c-summary", "--c-arguments",
    "--c-own", "--c-auxiliary", "--c-reminder", "--c-unrecorded", "--c-unexplained"];
  const traces = [];
  run.curves.forEach((curve, index) => {
    const agent = run.agents.find((each) => each.id === curve.agent);
    const colour = css(palette[index % palette.length]);
    const turns = curve.context.map((_, turn) => turn + 1);
    traces.push({
      type: "scatter", mode: turns.length > 1 ? "lines" : "markers", name: shortName(agent), x: turns, y: curve.context,
      line: { color: colour, width: agent.kind === "main" ? 2.5 : 1.5, shape: "hv" }, marker: { color: colour, size: 7 },
      customdata: curve.usd.map(money),
      hovertemplate: shortName(agent) + ", request %{x}<br>%{y:,} tokens, %{customdata}<extra></extra>",
    });
    const mark = (places, symbol, mark_colour, words, size) => places.length && traces.push({
      type: "scatter", mode: "markers", showlegend: false, x: places.map((turn) => turn + 1),
      y: places.map((turn) => curve.context[turn]), text: words,
      marker: { symbol, size, color: mark_colour, line: { width: symbol === "x-thin" ? 3 : 1, color: symbol === "x-thin" ? mark_colour : css("--panel") } },
      hovertemplate: "%{text}<br>" + shortName(agent) + ", request %{x}<br>%{y:,} tokens<extra></extra>",
    });
    mark(curve.compactions, "triangle-down", css("--c-prompt"), curve.compactions.map(() => "compaction"), 13);
    mark(curve.breaks.map((found) => found[0]), "x-thin", css("--bad"),
      curve.breaks.map((found) => "cache break: " + data.causes[found[1]]), 11);
  });
  legend("context-legend", run.curves.length < 2 ? [] : run.curves.map((curve, index) =>
    [shortName(run.agents.find((each) => each.id === curve.agent)), css(palette[index % palette.length])]));
  return Plotly.react("context", traces, layout({
    hovermode: "closest",
    xaxis: { title: { text: "request of the agent", standoff: 8 }, rangemode: "tozero", nticks: narrow() ? 5 : 10 },
    yaxis: { title: narrow() ? undefined : { text: "tokens in context" }, rangemode: "tozero", tickformat: "~s" },
  }), settings);
}

function charts(run) {
  const has = Boolean(run.curves);
  byId("no-charts").hidden = has;
  for (const section of document.querySelectorAll(".chart-section")) section.hidden = !has;
  if (!has) return Promise.resolve();
  const largest = [...run.agents].sort((a, b) => b.usd - a.usd)[0];
  byId("where").setAttribute("aria-label", `Dollars per agent, by purpose. Total ${money(run.usd)}; most by ${largest ? shortName(largest) : "nobody"}.`);
  byId("time").setAttribute("aria-label", `${plural(run.agents.length, "agent")} as bars from first to last request.`);
  byId("context").setAttribute("aria-label",
    `Tokens in context, request by request. Largest: ${count(Math.max(0, ...run.agents.map((a) => a.peak_context_tokens)))}; ` +
    `${plural(run.cache_breaks.length, "cache break")}.`);
  return Promise.all([whereChart(run), timeChart(run), contextChart(run)]);
}

// Tables -------------------------------------------------------------------------------------------------------------

function overview() {
  const runs = table("Sessions", "", [
    { key: "session", name: "session", show: (value) => value.slice(0, 8) }, usd("usd", "dollars"),
    { key: "started", name: "started", show: localTime }, { key: "project", name: "project" }, number("requests", "requests"),
    usd("orchestrator_usd", "orchestrator"), usd("subagents_usd", "subagents"), usd("auxiliary_usd", "auxiliary"),
  ], data.runs);
  byId("overview").replaceChildren(...(data.runs.length > 1 ? [runs] : []));
}

function tables(run) {
  const withText = run.agents.some((agent) => agent.description !== undefined);
  const agents = run.agents.map((agent) => ({
    ...agent, name: shortName(agent), sent: sent(agent.tokens), written: agent.tokens.output,
    read: sent(agent.tokens) ? agent.tokens.cache_read / sent(agent.tokens) : 0,
  }));
  const percent = (value) => (100 * value).toFixed(1) + " %";
  byId("tables").replaceChildren(...[
    table("Agents", "", [
      { key: "name", name: "agent" }, usd("usd", "dollars"), { key: "model", name: "model" }, { key: "parent", name: "started by", show: agentId },
      number("requests", "requests"), number("sent", "tokens in"), { key: "read", name: "cached", number: true, show: percent },
      number("written", "tokens out"), number("peak_context_tokens", "peak"),
      ...(withText ? [{ key: "description", name: "task", wrap: true }] : []),
    ], agents),
    table("What the money was for", "Tokens in: came into a context once. Dollars: writing them, reading them again with every request, and output.", [
      { key: "label", name: "line" }, usd("usd", "dollars"), { key: "share", name: "share", number: true, show: percent },
      number("context_tokens", "tokens in"), number("output_tokens", "tokens written"),
    ], run.lines.map((line) => ({ ...line, share: run.usd ? line.usd / run.usd : 0 }))),
    table("Tools", "Round trips: what the requests that took in a tool's results paid to read the context again; not part of the dollars beside it.", [
      { key: "name", name: "tool" }, usd("usd", "dollars"), usd("results_usd", "carrying"), usd("arguments_usd", "arguments"),
      number("calls", "calls"), number("errors", "errors"), number("result_bytes", "bytes in"), number("result_tokens", "tokens in"),
      usd("round_trips_usd", "round trips"),
    ], run.tools),
    table("Cache breaks", "", [
      { key: "cause", name: "cause", show: (value) => data.causes[value] }, usd("usd", "dollars"),
      { key: "agent", name: "agent", show: agentId }, { key: "index", name: "request", number: true, show: (value) => value + 1 },
      { key: "at", name: "when", show: localTime },
      { key: "gap_seconds", name: "pause before", number: true, show: (value) => (value === null ? "" : value < 90 ? value.toFixed(0) + " s" : (value / 60).toFixed(0) + " min") },
      number("kept_tokens", "kept"), number("lost_tokens", "written again"),
    ], run.cache_breaks),
    run.prompts && table("Prompts", "", [
      { key: "agent", name: "agent", show: agentId }, { key: "request", name: "request", number: true },
      { key: "text", name: "beginning", wrap: true },
    ], run.prompts),
  ].filter(Boolean));
}

// One run at a time --------------------------------------------------------------------------------------------------

let current = data.runs.reduce((best, run, index) => (run.usd > data.runs[best].usd ? index : best), 0);

function show(index) {
  current = index;
  const run = data.runs[index];
  tiles(run);
  tables(run);
  return charts(run);
}

function start() {
  head();
  overview();
  if (data.runs.length > 1) {
    byId("picker").hidden = false;
    byId("run").replaceChildren(...data.runs.map((run, index) =>
      element("option", { value: index, ...(index === current ? { selected: "" } : {}) },
        `${money(run.usd)} · ${localTime(run.started)} · ${run.session.slice(0, 8)} · ${run.project}`)));
    byId("run").addEventListener("change", (event) => show(Number(event.target.value)));
  }
  return show(current);
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => charts(data.runs[current]));
let wasNarrow = narrow();
addEventListener("resize", () => {
  if (wasNarrow !== narrow()) { wasNarrow = narrow(); charts(data.runs[current]); }
});
start().then(() => document.body.setAttribute("data-ready", "yes"));
