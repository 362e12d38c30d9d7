// What the page knows: reads the embedded data, unpacks arrays, writes numbers. No statistics are computed here.
"use strict";

const DATA = JSON.parse(document.getElementById("data").textContent);

const arrays = new Map();

/** Unpack "f<base64>" (float32) or "d<base64>" (float64); see packing.py. */
function unpack(text) {
  let found = arrays.get(text);
  if (found === undefined) {
    const raw = atob(text.slice(1));
    const bytes = new Uint8Array(raw.length);
    for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
    found = text[0] === "f" ? new Float32Array(bytes.buffer) : new Float64Array(bytes.buffer);
    arrays.set(text, found);
  }
  return found;
}

/** A number with at most `digits` significant digits, for people. */
function shown(value, digits = 4) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  let text;
  if (size !== 0 && (size >= 1e7 || size < 1e-4)) text = value.toExponential(digits - 1).replace(/\.?0+e/, "e").replace("e+", "e");
  else if (Number.isInteger(value)) text = value.toLocaleString("en");
  else text = Number(value.toPrecision(digits)).toLocaleString("en", { maximumSignificantDigits: Math.max(digits, 1) });
  return text.replace("-", "−");
}

/** A name as one line of text: control and direction characters must not move what stands beside it. */
function plain(name, length = 60) {
  const line = String(name).replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "\ufffd");
  const letters = Array.from(line);
  return letters.length > length ? letters.slice(0, length - 1).join("") + "…" : line;
}

/** "0-4, 7" -> a set; null when it cannot be read. */
function seedsOf(text) {
  const chosen = new Set();
  for (const part of text.split(/[\s,;]+/).filter(Boolean)) {
    const found = /^(\d+)(?:[-–](\d+))?$/.exec(part);
    if (!found) return null;
    const last = Math.min(Number(found[2] ?? found[1]), Number(found[1]) + 100000);
    for (let seed = Number(found[1]); seed <= last; seed++) chosen.add(seed);
  }
  return chosen;
}

/** Index of the entry of an increasing array that is nearest to `wanted`. */
function nearestIndex(times, wanted) {
  let low = 0, high = times.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (times[middle] <= wanted) low = middle; else high = middle;
  }
  return Math.abs(times[low] - wanted) <= Math.abs(times[high] - wanted) ? low : high;
}

/** Build an element; texts stay texts. */
function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** One row of a CSV file. A text that a spreadsheet would take for a formula gets an apostrophe in front. */
function csvRow(cells) {
  return cells.map((cell) => {
    if (cell === null || cell === undefined || (typeof cell === "number" && Number.isNaN(cell))) return "";
    if (typeof cell === "number") return String(cell);
    const text = /^[=+\-@\t\r]/.test(cell) ? "'" + cell : String(cell);
    return /[",\r\n]/.test(text) ? '"' + text.replaceAll('"', '""') + '"' : text;
  }).join(",") + "\r\n";
}

/** Give the reader a file; its name is made of plain letters whatever the experiment is called. */
function download(suffix, content, type) {
  const url = content.startsWith?.("data:") ? content : URL.createObjectURL(new Blob([content], { type }));
  const link = element("a", { href: url, download: `${DATA.slug}_${suffix}` });
  document.body.append(link);
  link.click();
  link.remove();
  if (url.startsWith("blob:")) setTimeout(() => URL.revokeObjectURL(url), 10000);
}

function fileWord(text) {
  return String(text).replace(/[^A-Za-z0-9.-]+/g, "_").replace(/^[_.]+|[_.]+$/g, "").slice(0, 40) || "x";
}
