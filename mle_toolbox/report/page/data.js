// What the page knows: reads the embedded data, unpacks arrays, writes numbers. No statistics are computed here.
"use strict";

const DATA = JSON.parse(document.getElementById("data").textContent);

const arrays = new Map();

/** The array at a place of the data, whose text is "d" (float64), "f" (float32) or "h" (float32 without its last byte) and base64; see packing.py. */
function unpack(place) {
  let found = arrays.get(place);
  if (found === undefined) {
    const text = DATA.arrays[place], kind = text[0], raw = atob(text.slice(1));
    const step = kind === "h" ? 3 : 4, bytes = new Uint8Array(raw.length / step * 4);
    // What is left out is the lowest byte, which comes first.
    for (let i = 0; i < raw.length; i++) bytes[step === 3 ? Math.floor(i / 3) * 4 + i % 3 + 1 : i] = raw.charCodeAt(i);
    found = kind === "d" ? new Float64Array(bytes.buffer) : new Float32Array(bytes.buffer);
    arrays.set(place, found);
  }
  return found;
}

/** The text at a place of the data; null stays null. */
function textAt(place) {
  return place === null || place === undefined ? null : DATA.texts[place];
}

/** Make what `make` returns for a key once. */
function once(make) {
  const known = new Map();
  return (key) => {
    if (!known.has(key)) known.set(key, make(key));
    return known.get(key);
  };
}

/** Whether a configuration is of the chosen task, or all are chosen. */
function isOfTask(choice, index) {
  return choice.task === null || DATA.tasks.of[index] === choice.task;
}

/** What a configuration is called: its method where the task is chosen. */
function nameOf(choice, index) {
  return choice.task === null ? DATA.configurations[index] : DATA.tasks.methods[DATA.tasks.methodOf[index]];
}

/** What to know of the runs below every chart; of several tasks also that their values differ. */
function about() {
  return [DATA.about, DATA.tasks && showsOneTask() ? "" : DATA.aboutTasks].filter(Boolean).join(" ");
}

/** The configurations of the chosen task, or all. */
function ofTask(choice) {
  return Array.from(DATA.configurations.keys()).filter((index) => isOfTask(choice, index));
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
