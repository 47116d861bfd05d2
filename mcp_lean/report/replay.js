// Draws the page of a replay.

const BOUNDS = ["strict", "expected", "upper"];
const COLOURS = { strict: "--c-base", expected: "--c-answer", upper: "--c-reminder" };
const percent = (part) => {
  const words = (100 * part).toFixed(1);
  return (Number(words) === 0 ? "0.0" : words) + " %";
};
const signed = (words) => (words.startsWith("-") ? element("span", { class: "loss" }, words) : words);
const together = data.policies.find((policy) => policy.name === data.together) || null;
const firstBound = (policy) => BOUNDS.find((bound) => policy.bounds[bound]);
const counted = data.runs.filter((run) => !run.left_out);
const sharesOf = (policy, bound) => counted.flatMap((run) =>
  run.outcomes.filter((o) => o.policy === policy && o.bound === bound && o.share !== null).map((o) => ({ run, share: o.share })));

// Head ---------------------------------------------------------------------------------------------------------------

function head() {
  byId("scope").textContent = `${plural(data.sessions, "session")}, ${plural(data.requests, "request")}, ${money(data.recorded_usd)} recorded; ${data.words.data}`;
  if (together) {
    const parts = ["strict", "expected"].filter((bound) => together.bounds[bound]).map((bound) => [bound, percent(together.bounds[bound].share).replace(" ", "\u00a0")]);
    byId("total").replaceChildren(...parts.flatMap(([bound, words], index) =>
      [index ? ", " : "", `${bound} `, signed(words)]));
    byId("basis").textContent = "of the bill would have been saved by everything together: simulated, every policy used every time, net of what mcp_lean itself costs; in it are fewer servers, plugins and memory files, which only you can do";
  } else {
    byId("total").textContent = money(data.baseline_usd);
  }
  byId("residual").textContent = data.words.residual;
  const notes = [];
  if (data.runs_in_all > data.runs.length) {
    notes.push(`points and rows of sessions: the ${plural(data.runs.length, "dearest session")} of ${count(data.runs_in_all)}; all other figures are over all`);
  }
  const reasons = Object.entries(data.left_out);
  if (reasons.length) {
    const total = reasons.reduce((sum, [, n]) => sum + n, 0);
    notes.push(`left out: ${plural(total, "session")} (${reasons.map(([reason, n]) => `${reason}: ${n}`).join(", ")})`);
  }
  for (const [note, n] of Object.entries(data.notes)) notes.push(`${plural(n, "session")}: ${note}`);
  showNotes(notes);
  byId("measured-lines").replaceChildren(...data.words.measured.map((line) => element("li", {}, line)));
  byId("measured-net").replaceChildren(...(data.measured
    ? ["net: ", signed(money(data.measured.net_usd)), ` in ${plural(data.measured.runs, "session")}; ${data.measured.losing_runs} of them lost`]
    : ["None of these sessions did: nothing is measured yet."]));
}

// Charts -------------------------------------------------------------------------------------------------------------

const zeroLine = { zeroline: true, zerolinecolor: css("--ink"), zerolinewidth: 1.5 };
const percentAxis = (more) => ({ ...zeroLine, zerolinecolor: css("--ink"), tickformat: ".0%", ...more });

function togetherChart() {
  const bounds = BOUNDS.filter((bound) => together.bounds[bound]);
  const traces = bounds.map((bound) => {
    const sorted = sharesOf(together.name, bound).sort((a, b) => a.share - b.share);
    const n = sorted.length;
    return {
      type: "scatter", mode: n > 80 ? "lines" : "lines+markers", name: bound,
      x: sorted.map((_, place) => (n > 1 ? place / (n - 1) : 0.5)), y: sorted.map((each) => each.share),
      line: { color: css(COLOURS[bound]), width: bound === "strict" ? 2.5 : 1.5, shape: "linear" },
      marker: { color: sorted.map((each) => css(each.share < -data.loss_share ? "--bad" : COLOURS[bound])), size: 7 },
      customdata: sorted.map((each) => [each.run.session.slice(0, 8), percent(each.share), money(each.run.baseline_usd)]),
      hovertemplate: `${bound}<br>%{customdata[0]}: %{customdata[1]} of %{customdata[2]}<extra></extra>`,
    };
  });
  legend("together-legend", bounds.map((bound) => {
    const row = together.bounds[bound];
    return [`${bound}: median ${percent(row.median)}, p10 ${percent(row.p10)}, p90 ${percent(row.p90)}, ${row.losers} of ${row.sessions} lose`, css(COLOURS[bound])];
  }));
  return Plotly.react("together", traces, layout({
    hovermode: "closest",
    xaxis: { tickformat: ".0%", nticks: 6, range: [-0.02, 1.02], title: { text: "share of sessions", standoff: 8 } },
    yaxis: percentAxis({ rangemode: "tozero", title: narrow() ? undefined : { text: "saved share of the bill" } }),
  }), settings);
}

// What a policy does in one session can be far from everything else; such points are drawn at the edge, and say so.
const EDGE = [-0.5, 0.8];
const within = (share) => Math.min(Math.max(share, EDGE[0]), EDGE[1]);

function policiesChart() {
  const shown = data.policies.filter((policy) => {
    const row = policy.bounds[firstBound(policy)];
    return row && (row.acted || row.saved_usd) && !policy.is_arithmetic;
  });
  const rows = shown.map((policy) => policy.bounds[firstBound(policy)]);
  const colour = rows.map((row) => css(row.median < 0 ? "--bad" : "--c-base"));
  const traces = [];
  shown.forEach((policy, place) => {
    const points = sharesOf(policy.name, firstBound(policy));
    traces.push({
      type: "scatter", mode: "markers", x: points.map((each) => within(each.share)),
      // A little up and down, by the order of the sessions, so that equal points are seen as several.
      y: points.map((_, index) => place + (((index * 7) % 11) - 5) / 32),
      marker: { size: 4, opacity: 0.45, color: points.map((each) => css(each.share < -data.loss_share ? "--bad" : "--c-answer")) },
      customdata: points.map((each) => [each.run.session.slice(0, 8), percent(each.share), money(each.run.baseline_usd)]),
      hovertemplate: `${policy.title}<br>%{customdata[0]}: %{customdata[1]} of %{customdata[2]}<extra></extra>`,
    });
    traces.push({
      type: "scatter", mode: "lines", x: [within(rows[place].p10), within(rows[place].p90)], y: [place, place],
      line: { color: colour[place], width: 3 }, hoverinfo: "skip",
    });
  });
  const marks = (key, symbol, size, words) => ({
    type: "scatter", mode: "markers", x: rows.map((row) => within(row[key])), y: rows.map((_, place) => place),
    marker: { symbol, size, color: symbol === "diamond-open" ? css("--ink") : colour, line: { width: symbol === "diamond-open" ? 1.5 : 3, color: symbol === "diamond-open" ? css("--ink") : colour } },
    customdata: rows.map((row, place) => [shown[place].title, percent(row[key]), `${row.losers} of ${row.sessions}`, firstBound(shown[place])]),
    hovertemplate: `%{customdata[0]} (%{customdata[3]})<br>${words} %{customdata[1]}; %{customdata[2]} sessions lose<extra></extra>`,
  });
  traces.push(marks("median", "line-ns-open", 15, "median"), marks("share", "diamond-open", 9, "overall"));
  const name = (title) => (narrow() && title.length > 22 ? title.slice(0, 21) + "…" : title);
  byId("policies").style.height = 80 + 34 * shown.length + "px";
  return Plotly.react("policies", traces, layout({
    hovermode: "closest",
    xaxis: percentAxis({ nticks: narrow() ? 5 : 12 }),
    yaxis: { autorange: "reversed", zeroline: false, tickvals: shown.map((_, place) => place), ticktext: shown.map((policy) => name(policy.title)), ticksuffix: " " },
  }), settings);
}

const STEPS_USD = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000, 3000];

function sizeChart() {
  const points = sharesOf(together.name, "strict").filter((each) => each.run.baseline_usd > 0);
  const kinds = { short: "--c-search", medium: "--c-base", long: "--c-prompt" };
  const traces = Object.entries(kinds).map(([length, colour]) => {
    const some = points.filter((each) => each.run.length === length);
    return {
      type: "scatter", mode: "markers", name: length, x: some.map((each) => each.run.baseline_usd), y: some.map((each) => each.share),
      marker: { color: css(colour), size: 9, symbol: some.map((each) => (each.run.subagents ? "diamond" : "circle")), line: { width: 1, color: css("--panel") } },
      customdata: some.map((each) => [each.run.session.slice(0, 8), percent(each.share), money(each.run.baseline_usd), count(each.run.requests), each.run.subagents]),
      hovertemplate: "%{customdata[0]}: %{customdata[1]} of %{customdata[2]}<br>%{customdata[3]} requests, %{customdata[4]} subagents<extra></extra>",
    };
  });
  return Plotly.react("size", traces, layout({
    hovermode: "closest", showlegend: true, legend: { orientation: "h", y: 1.12, x: 0 },
    xaxis: { type: "log", tickvals: STEPS_USD, ticktext: STEPS_USD.map((usd) => `$${usd}`), title: { text: "bill of the session", standoff: 8 } },
    yaxis: percentAxis({ rangemode: "tozero", title: narrow() ? undefined : { text: "saved, strict" } }),
  }), settings);
}

function charts() {
  const drawn = [policiesChart()];
  if (together) drawn.push(togetherChart(), sizeChart());
  const strict = together && together.bounds.strict;
  if (strict) {
    byId("together").setAttribute("aria-label", `Saved share of each session, strict: median ${percent(strict.median)}, ${strict.losers} of ${strict.sessions} lose.`);
  }
  return Promise.all(drawn);
}

// Tables -------------------------------------------------------------------------------------------------------------

const part = (key, name) => ({ key, name, number: true, show: (value) => (value === undefined || value === null ? "" : signed(percent(value))) });
const lossUsd = (key, name) => ({ key, name, number: true, show: (value) => signed(money(value)) });

function tables() {
  const rows = data.policies.flatMap((policy) => BOUNDS.filter((bound) => policy.bounds[bound]).map((bound) => ({ policy: policy.title, bound, ...policy.bounds[bound] })));
  const outcome = (run, bound) => (run.outcomes.find((o) => o.policy === data.together && o.bound === bound) || {}).share;
  const hasText = data.gains.some((gain) => gain.examples.some((example) => example.calls));
  byId("tables").replaceChildren(...[
    table("Policies", `Net of our own overhead. Lose: dearer by more than ${percent(data.loss_share)} of the bill.`, [
      { key: "policy", name: "policy", wrap: true }, { key: "bound", name: "bound" }, lossUsd("saved_usd", "saved"), part("share", "share"),
      part("p10", "p10"), part("median", "median"), part("p90", "p90"),
      { key: "losers", name: "lose", number: true, show: (value, row) => (value ? element("span", { class: "loss" }, `${value} of ${row.sessions}`) : "0") },
      { key: "acted", name: "acted in", number: true }, usd("own_usd", "own"), number("count", "times"),
      { key: "seconds_saved", name: "waiting saved", number: true, show: (value) => (value ? signed((value / 60).toFixed(1) + " min") : "") },
    ], rows),
    table("Sessions", "Shares: everything together.", [
      { key: "session", name: "session", show: (value) => value.slice(0, 8) }, { key: "started", name: "started", show: localTime },
      { key: "project", name: "project" }, number("requests", "requests"), number("subagents", "subagents"),
      usd("recorded_usd", "recorded"), part("strict", "strict"), part("expected", "expected"), part("upper", "upper"),
      { key: "left_out", name: "left out", show: (value) => value || "" },
    ], data.runs.map((run) => ({ ...run, strict: outcome(run, "strict"), expected: outcome(run, "expected"), upper: outcome(run, "upper") }))),
    table("Calls that could have been one", `What the calls saved by themselves, before our own overhead. Upper: any consecutive reading calls, whoever could have known of them.${hasText ? "" : " What they were about is left out; --with-text puts it in."}`, [
      { key: "session", name: "session", show: (value) => value.slice(0, 8) }, { key: "agent", name: "agent", show: agentId },
      { key: "request", name: "request", number: true }, { key: "calls", name: "calls", wrap: true },
      ...(hasText ? [{ key: "becomes", name: "in one turn", wrap: true }] : []),
      { key: "bound", name: "bound" }, usd("saved_usd", "saved"),
    ], data.gains.flatMap((gain) => gain.examples.map((example) => ({
      ...example, session: gain.session,
      calls: example.calls ? example.calls.map((call) => `${call.tool} ${call.about}`).join("; ") : example.tools.join(", "),
    })))),
    table("Assumptions", "", [
      { key: "title", name: "policy" }, { key: "words", name: "under these assumptions", wrap: true }, { key: "loses_when", name: "when it loses", wrap: true },
    ], data.policies.map((policy) => ({ ...policy, words: policy.assumptions.join(" ") }))),
  ].filter(Boolean));
}

function start() {
  head();
  tables();
  for (const id of ["together-section", "size"]) if (!together) byId(id).closest("section").hidden = true;
  return charts();
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", charts);
let wasNarrow = narrow();
addEventListener("resize", () => {
  if (wasNarrow !== narrow()) { wasNarrow = narrow(); charts(); }
});
start().then(() => document.body.setAttribute("data-ready", "yes"));
