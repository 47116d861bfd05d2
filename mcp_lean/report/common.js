"use strict";
// What all pages share. Data comes from the JSON beside the script; all texts enter the document as text, never as markup.

const data = JSON.parse(document.getElementById("data").textContent);
const byId = (id) => document.getElementById(id);
const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function element(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) made.setAttribute(name, value);
  made.append(...children.map((child) => (child instanceof Node ? child : String(child))));
  return made;
}

const money = (usd) => {
  if (usd < 0) return "-" + money(-usd);
  if (usd === 0) return "$0";
  if (usd < 0.00005) return "<$0.0001";
  const digits = usd >= 1 ? 2 : 4;
  return "$" + usd.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
};
const count = (n) => {
  if (n < 10000) return n.toLocaleString("en-US");
  if (n < 999500) return (n / 1e3).toFixed(n < 99950 ? 1 : 0) + "k";
  return (n / 1e6).toFixed(n < 99950000 ? 2 : 0) + "M";
};
const share = (part, whole) => {
  if (!whole) return "-";
  const percent = (100 * part) / whole;
  return percent > 0 && percent < 0.5 ? "<1 %" : percent.toFixed(0) + " %";
};
const plural = (n, what) => `${count(n)} ${what}${n === 1 ? "" : "s"}`;
const localTime = (iso) => (iso ? new Date(iso).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" }) : "undated");

// What the page's own notes, the files and the prices say about how far the figures go.
function showNotes(notes) {
  for (const file of data.skipped.files) notes.push(`not read: ${file.path}: ${file.reason}`);
  if (data.skipped.bad_lines) notes.push(`left out: ${plural(data.skipped.bad_lines, "line")} that are no JSON records`);
  notes.push(...data.prices.problems);
  byId("notes").replaceChildren(...[...new Set(notes)].slice(0, 30).map((note) => element("li", {}, note)));
  byId("prices").textContent = data.prices.contract
    ? `Prices at your organization's rates (${data.prices.contract}), else ${data.prices.source}.`
    : `List prices: ${data.prices.source}.`;
}

// Charts -------------------------------------------------------------------------------------------------------------

const settings = { displayModeBar: false, responsive: true, displaylogo: false, showSendToCloud: false };

function layout(more) {
  const axis = { gridcolor: css("--line"), zerolinecolor: css("--line"), linecolor: css("--line"), automargin: true };
  return {
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    font: { color: css("--ink"), family: "system-ui, sans-serif", size: 13 },
    margin: { l: 8, r: 8, t: 8, b: 8 },
    hoverlabel: { bgcolor: css("--panel"), bordercolor: css("--line"), font: { color: css("--ink") } },
    showlegend: false, dragmode: false,
    ...more,
    xaxis: { ...axis, fixedrange: true, ...(more.xaxis || {}) },
    yaxis: { ...axis, fixedrange: true, ...(more.yaxis || {}) },
  };
}

function legend(id, entries) {
  byId(id).replaceChildren(...entries.map(([name, colour]) => {
    const swatch = element("i", {});
    swatch.style.background = colour;
    return element("li", {}, swatch, name);
  }));
}

const narrow = () => window.innerWidth < 640;

// Tables -------------------------------------------------------------------------------------------------------------

function table(title, hint, columns, rows) {
  if (!rows.length) return null;
  const body = element("tbody");
  const fill = (sorted) => body.replaceChildren(...sorted.map((row) => element("tr", {}, ...columns.map((column) =>
    element("td", { class: column.number ? "number" : column.wrap ? "wrap" : "" }, column.show ? column.show(row[column.key], row) : row[column.key] ?? "")))));
  const heads = columns.map((column) => {
    const cell = element("th", { scope: "col", class: column.number ? "number" : "" });
    const button = element("button", { type: "button" }, column.name);
    button.addEventListener("click", () => {
      const ascending = cell.getAttribute("aria-sort") ? cell.getAttribute("aria-sort") === "descending" : !column.number;
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      cell.setAttribute("aria-sort", ascending ? "ascending" : "descending");
      const order = (a, b) => (typeof a === "number" && typeof b === "number" ? a - b : String(a ?? "").localeCompare(String(b ?? "")));
      fill([...rows].sort((a, b) => (ascending ? 1 : -1) * order(a[column.key], b[column.key])));
    });
    cell.append(button);
    return cell;
  });
  fill(rows);
  const id = "t-" + title.toLowerCase().replace(/[^a-z]+/g, "-");
  return element("section", { class: "table-section", "aria-labelledby": id },
    element("h2", { id }, title), ...(hint ? [element("p", { class: "hint" }, hint)] : []),
    element("div", { class: "scroll", tabindex: "0", role: "region", "aria-labelledby": id },
      element("table", {}, element("thead", {}, element("tr", {}, ...heads)), body)));
}

const agentId = (value) => (value === "main" ? "orchestrator" : (value || "").slice(0, 12));
const usd = (key, name) => ({ key, name, number: true, show: money });
const number = (key, name) => ({ key, name, number: true, show: (value) => (value ? count(value) : "") });
