// The learning curves: an aggregate over seeds with its band for each chosen configuration, single seeds behind it.

/** The curves of configuration `index` for what is chosen, or null when it has none. */
function curveOf(choice, index) {
  return curveAt(`${choice.metric}|${choice.time}|${index}`);
}

const curveAt = once((key) => {
  const [metric, time, index] = key.split("|"), found = DATA.curves[`${metric}|${time}`]?.[index] ?? null;
  const named = ([c, l, h, n, method, caution]) => ({ c, l, h, n, method: textAt(method), caution: textAt(caution) });
  return found && { ...found, bands: Object.fromEntries(Object.entries(found.bands).map(([statistic, band]) => [statistic, named(band)])) };
});

function points(times, values, keep) {
  return Array.from(times, (time, i) => [time, keep(time, values[i]) ? values[i] : null]);
}

function curvesOption(choice) {
  const colours = theme();
  const keep = (time, value) => Number.isFinite(value) && (!choice.logY || value > 0) && (!choice.logX || time > 0);
  const series = [];
  for (const index of choice.configurations) {
    const curve = curveOf(choice, index);
    const band = curve?.bands[choice.statistic];
    if (!band) continue;
    const times = unpack(curve.t), center = unpack(band.c);
    const emphasis = { disabled: true };
    if (choice.seeds !== "none" && curve.v) series.push(seedLines(choice, index, curve, times, keep));
    if (choice.band && band.l !== null) series.push(bandArea(index, times, unpack(band.l), unpack(band.h), keep, choice));
    series.push({
      type: "line", id: `line ${index}`, name: plain(nameOf(choice, index)), data: points(times, center, keep),
      showSymbol: times.length < 2, symbol: symbolOf(lookOf(index)), symbolSize: 7, color: colourOf(lookOf(index)), emphasis, z: 4,
      lineStyle: { width: 2.2, type: dashOf(lookOf(index)) }, connectNulls: false, animation: false,
    });
  }
  const style = axisStyle(colours);
  return {
    animation: false,
    aria: { enabled: true, label: { description: curvesDescription(choice) } },
    textStyle: { fontFamily: "system-ui, sans-serif" },
    grid: { left: 74, right: 20, top: 18, bottom: 46 },
    xAxis: { ...style, type: choice.logX ? "log" : "value", name: plain(DATA.times[choice.time]), nameGap: 30, scale: true,
      min: choice.logX ? undefined : "dataMin", max: "dataMax" },
    yAxis: { ...style, type: choice.logY ? "log" : "value", name: plain(DATA.metrics[choice.metric].label), nameGap: 56, scale: true },
    dataZoom: [{ type: "inside", xAxisIndex: 0, zoomOnMouseWheel: "ctrl", moveOnMouseWheel: false, filterMode: "none" }],
    tooltip: { trigger: "axis", confine: true, backgroundColor: colours.card, borderColor: colours.line,
      textStyle: { color: colours.ink }, axisPointer: { type: "line", snap: true, lineStyle: { color: colours.soft } },
      formatter: (hovered) => curvesTip(choice, hovered) },
    series,
  };
}

/** Several polylines or one polygon as a single series; `extent` makes the axes wide enough. */
function drawing(id, extent, z, render) {
  return { type: "custom", id, data: extent, silent: true, animation: false, clip: true, z, tooltip: { show: false },
    renderItem: (parameters, api) => (parameters.dataIndexInside === 0 ? { type: "group", children: render(api) } : null) };
}

function extentOf(pairs) {
  let xLow = Infinity, xHigh = -Infinity, yLow = Infinity, yHigh = -Infinity;
  for (const [x, y] of pairs) {
    xLow = Math.min(xLow, x); xHigh = Math.max(xHigh, x); yLow = Math.min(yLow, y); yHigh = Math.max(yHigh, y);
  }
  return xLow > xHigh ? [] : [[xLow, yLow], [xHigh, yHigh]];
}

/** Cut a line where a value is missing. */
function pieces(times, values, keep) {
  const found = [];
  let piece = [];
  for (let i = 0; i < times.length; i++) {
    if (keep(times[i], values[i])) piece.push([times[i], values[i]]);
    else if (piece.length) { found.push(piece); piece = []; }
  }
  if (piece.length) found.push(piece);
  return found;
}

function seedLines(choice, index, curve, times, keep) {
  const chosen = Array.from(unpack(curve.seeds)).map((seed, row) => [seed, row]).filter(([seed]) => choice.seeds === "all" || choice.seeds.has(seed));
  const lines = chosen.flatMap(([, row]) => pieces(times, unpack(curve.v[row]), keep));
  const style = { stroke: colourOf(lookOf(index)), lineWidth: 1, opacity: chosen.length > 20 ? 0.18 : 0.38, fill: null };
  return drawing(`seeds ${index}`, extentOf(lines.flat()), 2, (api) => lines.map((line) => ({
    type: line.length > 1 ? "polyline" : "circle",
    shape: line.length > 1 ? { points: line.map((point) => api.coord(point)) }
      : { cx: api.coord(line[0])[0], cy: api.coord(line[0])[1], r: 2 },
    style: line.length > 1 ? style : { fill: colourOf(lookOf(index)), opacity: 0.5 }, silent: true,
  })));
}

function bandArea(index, times, low, high, keep, choice) {
  let floor = Infinity;
  for (const value of high) if (value > 0) floor = Math.min(floor, value);
  for (const value of low) if (value > 0) floor = Math.min(floor, value);
  const lower = choice.logY ? low.map((value) => (value > 0 || Number.isNaN(value) ? value : floor)) : low;
  const areas = [];
  const both = Float64Array.from(times, (_, i) => (keep(times[i], lower[i]) && keep(times[i], high[i]) ? i : NaN));
  for (const piece of pieces(times, both, (time, i) => Number.isFinite(i))) {
    areas.push([...piece.map(([time, i]) => [time, high[i]]), ...piece.reverse().map(([time, i]) => [time, lower[i]])]);
  }
  return drawing(`band ${index}`, extentOf(areas.flat()), 1, (api) => areas.map((area) => ({
    type: "polygon", shape: { points: area.map((point) => api.coord(point)) },
    style: { fill: colourOf(lookOf(index)), opacity: theme().dark ? 0.24 : 0.17 }, silent: true,
  })));
}

/** What stands beside the pointer, as elements: a name is never read as HTML. */
function curvesTip(choice, hovered) {
  const at = (Array.isArray(hovered) ? hovered[0] : hovered)?.axisValue;
  if (at === undefined) return "";
  const rows = choice.configurations.flatMap((index) => {
    const curve = curveOf(choice, index), band = curve?.bands[choice.statistic];
    if (!band) return [];
    const times = unpack(curve.t), i = nearestIndex(times, at);
    if (at < times[0] || at > times[times.length - 1]) return [];
    const interval = band.l !== null ? ` [${shown(unpack(band.l)[i])}, ${shown(unpack(band.h)[i])}]` : "";
    return [{ index, value: unpack(band.c)[i], text: shown(unpack(band.c)[i]) + interval, n: unpack(band.n)[i] }];
  });
  const lower = DATA.metrics[choice.metric].lower;
  rows.sort((a, b) => (Number.isNaN(a.value) - Number.isNaN(b.value)) || (lower ? a.value - b.value : b.value - a.value));
  const table = element("table");
  for (const row of rows.slice(0, 14)) {
    table.append(element("tr", {}, element("td", {}, swatch(row.index)), element("td", { class: "name" }, plain(nameOf(choice, row.index), 40)),
      element("td", {}, row.text), element("td", {}, `n=${row.n}`)));
  }
  const title = element("strong", {}, `${plain(DATA.times[choice.time], 30)} ${shown(at, 6)}`);
  const rest = rows.length > 14 ? [element("div", {}, `and ${rows.length - 14} more`)] : [];
  return element("div", { class: "tip" }, title, table, ...rest);
}

function swatch(index) {
  return swatchOf(lookOf(index));
}

/** A piece of the line of a look. */
function swatchOf(look) {
  const drawn = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  drawn.setAttribute("width", "26");
  drawn.setAttribute("height", "10");
  drawn.setAttribute("aria-hidden", "true");
  const line = document.createElementNS("http://www.w3.org/2000/svg", "line");
  const dash = dashOf(look);
  for (const [name, value] of Object.entries({ x1: 1, x2: 25, y1: 5, y2: 5, stroke: colourOf(look), "stroke-width": 3,
    "stroke-dasharray": dash === "solid" ? "" : dash.join(" ") })) line.setAttribute(name, value);
  drawn.append(line);
  return drawn;
}

function curvesDescription(choice) {
  const task = choice.task === null ? "" : ` on ${plain(DATA.tasks.names[choice.task])}`;
  const names = choice.configurations.map((index) => plain(nameOf(choice, index))).join(", ");
  return `${plain(DATA.metrics[choice.metric].label)} over ${plain(DATA.times[choice.time])}, ${choice.statistic} of the seeds${task}, of ${names}`;
}

function curvesCaption(choice) {
  const first = choice.configurations.map((index) => curveOf(choice, index)).find((curve) => curve?.bands[choice.statistic]);
  if (!first) return "Nothing is logged for this choice.";
  const band = first.bands[choice.statistic];
  const parts = [`Bold: ${DATA.statistics.find((each) => each.key === choice.statistic).label} of the seeds that are done (${seedCounts(choice)}).`];
  if (choice.band) parts.push(band.l !== null ? `Band: ${band.method}.` : "No band: one seed gives no spread.");
  if (choice.seeds !== "none") parts.push(first.v ? "Thin: single seeds." : "Single seeds are left out of this file, which would become too large.");
  if (first.of > first.shown) {
    parts.push(`Shown at ${first.shown.toLocaleString("en")} of ${first.of.toLocaleString("en")} points; the tables use all.`);
  }
  if (first.short) parts.push("To nearly five digits.");
  if (choice.logY || choice.logX) parts.push("Values that are not above 0 have no place on a logarithmic axis.");
  if (band.caution !== null) parts.push(band.caution);
  parts.push(about());
  return parts.filter(Boolean).join(" ");
}

/** A number with the digits that the file holds of it. */
function digits(place, i) {
  if (place === null) return NaN;
  const values = unpack(place), kept = { h: 5, f: 7 }[DATA.arrays[place][0]];
  return kept ? Number(values[i].toPrecision(kept)) : values[i];
}

/** The same chart to stand alone: with a legend, which the page has beside it. */
function withLegend(option, choice) {
  const colours = theme();
  const data = choice.configurations.map((index) => ({ name: plain(nameOf(choice, index)), lineStyle: { type: dashOf(lookOf(index)) } }));
  return { ...option, grid: { ...option.grid, bottom: 96 }, legend: { type: "plain", data, bottom: 4, icon: "path://M0,4h30v3h-30z", itemWidth: 24, itemHeight: 3,
    textStyle: { color: colours.ink, width: 180, overflow: "truncate" } } };
}

/** "n = 8", or "n = 5 to 8" where configurations or points differ. */
function seedCounts(choice) {
  let fewest = Infinity, most = 0;
  for (const index of choice.configurations) {
    const band = curveOf(choice, index)?.bands[choice.statistic];
    if (band) for (const n of unpack(band.n)) if (n > 0) { fewest = Math.min(fewest, n); most = Math.max(most, n); }
  }
  return fewest >= most ? `n = ${most}` : `n = ${fewest} to ${most}`;
}

function curvesCsv(choice) {
  let text = csvRow(["configuration", plain(DATA.times[choice.time]), "statistic", "value", "low", "high", "n", "code"]);
  for (const index of choice.configurations) {
    const curve = curveOf(choice, index), band = curve?.bands[choice.statistic];
    if (!band) continue;
    unpack(curve.t).forEach((time, i) => {
      text += csvRow([DATA.configurations[index], time, choice.statistic, digits(band.c, i), digits(band.l, i), digits(band.h, i), unpack(band.n)[i], DATA.code[index].word ?? ""]);
    });
  }
  return text;
}
