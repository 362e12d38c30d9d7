// Final values: every seed as a point with the estimate and its interval, and who is better than whom.

/** The seeds, values and estimates of every configuration, for a `metric|at`; null where it has none. */
const finalsAt = once((key) => {
  const found = DATA.finals[key];
  if (!found) return [];
  const columns = Object.fromEntries(Object.entries(found.est).map(([statistic, each]) => [statistic, {
    ...each, value: unpack(each.value), low: unpack(each.low), high: unpack(each.high), best: new Set(each.best) }]));
  const estimate = (each, i) => ({ value: each.value[i], low: each.low[i], high: each.high[i], text: textAt(each.text[i]), method: textAt(each.method[i]), best: each.best.has(i) });
  return found.v.map((v, i) => (v === null ? null : { v, seeds: unpack(found.seeds[i]),
    est: Object.fromEntries(Object.entries(columns).map(([statistic, each]) => [statistic, estimate(each, i)])) }));
});

function finalsOf(choice) {
  return finalsAt(`${choice.metric}|${choice.at}`);
}

const ROW_HEIGHT = 26;

/** How wide the longest name is, in pixels. */
function widest(names, length, size) {
  const pen = document.createElement("canvas").getContext("2d");
  pen.font = `${size}px system-ui, sans-serif`;
  return Math.ceil(names.reduce((most, name) => Math.max(most, pen.measureText(plain(name, length)).width), 0));
}

function stripsHeight(choice) {
  return Math.max(3, ofTask(choice).length) * ROW_HEIGHT + 70;
}

/** Points that lie on one another are moved apart, always in the same way; in pixels. */
function apart(values) {
  const order = Array.from(values.keys()).sort((a, b) => values[a] - values[b]);
  const moved = new Float64Array(values.length);
  order.forEach((row, rank) => { moved[row] = values.length > 1 ? (((rank * 0.618034) % 1) - 0.5) * 0.5 * ROW_HEIGHT : 0; });
  return moved;
}

function stripsOption(choice, width) {
  const colours = theme(), style = axisStyle(colours), finals = finalsOf(choice);
  const rows = (choice.order ?? Array.from(DATA.configurations.keys())).filter((index) => isOfTask(choice, index));
  const names = rows.map((index) => nameOf(choice, index));
  const label = Math.min(widest(names, 80, 12) + 8, 260, Math.max(90, width * 0.33));
  // What is scrolled keeps its axis in sight at the top.
  const dots = [], marks = [], tall = rows.length > 20;
  const fits = (value) => Number.isFinite(value) && (!choice.logFinal || value > 0);
  rows.forEach((index, place) => {
    const final = finals[index];
    if (!final) return;
    const values = unpack(final.v), moved = apart(values), estimate = final.est[choice.statistic];
    values.forEach((value, row) => {
      if (!fits(value)) return;
      dots.push({ value: [value, place], index, seed: final.seeds[row], symbolOffset: [0, moved[row]], itemStyle: { color: colourOf(lookOf(index)) },
        symbol: symbolOf(lookOf(index)) });
    });
    if (!estimate || !fits(estimate.value)) return;
    const low = fits(estimate.low) ? estimate.low : estimate.value, high = fits(estimate.high) ? estimate.high : estimate.value;
    marks.push({ value: [estimate.value, place, low, high], index });
  });
  return {
    animation: false,
    aria: { enabled: true, label: { description: `Final values of ${plain(DATA.metrics[choice.metric].label)} of every seed; the table below holds the same.` } },
    textStyle: { fontFamily: "system-ui, sans-serif" },
    grid: { left: label + 14, right: 24, top: tall ? 48 : 8, bottom: tall ? 12 : 44 },
    xAxis: { ...style, position: tall ? "top" : "bottom", type: choice.logFinal ? "log" : "value", name: plain(`${DATA.metrics[choice.metric].label} (${atLabel(choice.at)})`), nameGap: 28, scale: true },
    yAxis: { type: "category", inverse: true, data: names.map((name) => plain(name, 80)), axisLine: { show: false }, axisTick: { show: false },
      axisLabel: { color: colours.ink, fontSize: 12, width: label, overflow: "truncate", interval: 0 }, splitLine: { show: true, lineStyle: { color: colours.faint } } },
    tooltip: { trigger: "item", confine: true, backgroundColor: colours.card, borderColor: colours.line, textStyle: { color: colours.ink },
      formatter: (hovered) => stripsTip(choice, hovered) },
    series: [
      { type: "scatter", id: "seeds", data: dots, symbolSize: 7, itemStyle: { opacity: 0.55 }, z: 2, emphasis: { scale: 1.4 } },
      { type: "custom", id: "estimates", data: marks, z: 3, encode: { x: [0, 2, 3], y: 1 }, renderItem: (parameters, api) => estimateMark(api, colours) },
    ],
  };
}

function estimateMark(api, colours) {
  const row = api.value(1);
  const [x, y] = api.coord([api.value(0), row]), [low] = api.coord([api.value(2), row]), [high] = api.coord([api.value(3), row]);
  const style = { stroke: colours.ink, lineWidth: 2, fill: null };
  const line = (x1, y1, x2, y2) => ({ type: "line", shape: { x1, y1, x2, y2 }, style });
  const ends = Number.isFinite(low) && Number.isFinite(high) && high - low > 1 ? [line(low, y, high, y), line(low, y - 5, low, y + 5), line(high, y - 5, high, y + 5)] : [];
  return { type: "group", children: [...ends, { type: "rect", shape: { x: x - 4, y: y - 4, width: 8, height: 8, r: 1 }, rotation: Math.PI / 4, originX: x, originY: y,
    style: { fill: colours.card, stroke: colours.ink, lineWidth: 2 } }] };
}

function stripsTip(choice, hovered) {
  const index = hovered.data?.index;
  if (index === undefined) return "";
  const name = element("strong", {}, plain(nameOf(choice, index), 60));
  if (hovered.data.seed !== undefined) {
    return element("div", { class: "tip" }, name, element("div", {}, `seed ${hovered.data.seed}: ${shown(hovered.data.value[0], 6)}`));
  }
  const estimate = finalsOf(choice)[index].est[choice.statistic];
  return element("div", { class: "tip" }, name, element("div", {}, estimate.text), element("div", { class: "soft" }, estimate.method));
}

function atLabel(key) {
  return DATA.ats.find((each) => each.key === key).label;
}

function stripsCaption(choice) {
  const estimates = ofTask(choice).map((index) => finalsOf(choice)[index]?.est[choice.statistic]).filter(Boolean);
  const said = [...new Set(estimates.map((each) => each.method))];
  const methods = said.filter((method) => !said.some((other) => other !== method && other.startsWith(method)));
  return [`Points: seeds. Diamond and line: ${methods.join("; ")}.`, seedsLeftOut(choice), about()].filter(Boolean).join(" ");
}

/** How many seeds have no point, as a chart must say that is seen without the table. */
function seedsLeftOut(choice) {
  const finals = ofTask(choice).map((index) => finalsOf(choice)[index]).filter(Boolean);
  const diverged = finals.reduce((sum, final) => sum + unpack(final.v).filter((value) => !Number.isFinite(value)).length, 0);
  return diverged ? `Diverged and without a point: ${diverged}.` : "";
}

function finalsCsv(choice) {
  let text = csvRow(["configuration", "metric", "at", "seed", "value", "code"]);
  ofTask(choice).forEach((index) => finalsOf(choice)[index]?.seeds.forEach((seed, row) => {
    text += csvRow([DATA.configurations[index], DATA.metrics[choice.metric].name, choice.at, seed, unpack(finalsOf(choice)[index].v)[row], codeOf(index, seed)]);
  }));
  return text;
}

/** "current" or "older", nothing where it is not on record. */
function codeOf(index, seed) {
  const code = DATA.code[index];
  return code.word === null ? "" : code.older.includes(seed) ? "older" : "current";
}

/** All pairs for a `metric|at`. */
const comparisonsAt = once((key) => {
  const found = DATA.comparisons[key];
  if (!found) return null;
  const columns = Object.keys(found.columns), numbers = Object.values(found.columns), a = unpack(found.a), b = unpack(found.b);
  const improvement = unpack(found.columns.probability_of_improvement);
  const pairs = found.rows.map((row, i) => ({ a: a[i], b: b[i], improvement: improvement[i], numbers: numbers.map((column) => digits(column, i)),
    texts: row?.map(textAt) ?? null, text: `difference of the means ${textAt(found.difference[i])}, ${textAt(found.p[i])}` }));
  return { complete: found.complete, columns, pairs };
});

/** Those of the chosen task, or all. */
function comparisonsOf(choice) {
  const found = comparisonsAt(`${choice.metric}|${choice.at}`);
  return found && { ...found, pairs: found.pairs.filter((pair) => isOfTask(choice, pair.a)) };
}

/** The rows of a table of comparisons, as the template makes those of the first one. */
function comparisonRows(choice) {
  return comparisonsOf(choice).pairs.filter((pair) => pair.texts).map((pair) => {
    const name = (index) => element("bdi", {}, DATA.tasks ? DATA.tasks.methods[DATA.tasks.methodOf[index]] : DATA.configurations[index]);
    const task = DATA.tasks ? [element("td", {}, element("bdi", {}, DATA.tasks.names[DATA.tasks.of[pair.a]]))] : [];
    return element("tr", {}, ...task, element("th", { scope: "row" }, name(pair.a)), element("td", {}, name(pair.b)),
      ...pair.texts.map((text, i) => element("td", i === 5 ? {} : { class: "number" }, text)));
  });
}

/** Of pairs of names, by their places, the probability that the one is better than the other. */
function improvementOption(names, pairs, width) {
  const colours = theme();
  const label = Math.min(widest(names, 40, 11) + 18, 190, Math.max(70, width * 0.26)), many = names.length > 12;
  const cells = pairs.flatMap((pair) => [
    { value: [pair.b, pair.a, pair.improvement], pair, turned: false },
    { value: [pair.a, pair.b, 1 - pair.improvement], pair, turned: true },
  ]).filter((cell) => Number.isFinite(cell.pair.improvement));
  for (const cell of cells) cell.label = { color: Math.abs(cell.value[2] - 0.5) > 0.35 ? "#ffffff" : colours.ink };
  const text = { color: colours.soft, fontSize: 11, width: label - 10, overflow: "truncate", interval: 0 };
  const categories = names.map((name) => plain(name, 40));
  return {
    animation: false,
    aria: { enabled: true, label: { description: "Probability that the configuration of the row is better than that of the column; the table below holds the same." } },
    textStyle: { fontFamily: "system-ui, sans-serif" },
    grid: { left: label, right: 12, top: 8, bottom: many ? 120 : 90 },
    xAxis: { type: "category", data: categories, axisLabel: { ...text, width: 100, rotate: names.length > 4 ? 40 : 0, interval: names.length > 40 ? "auto" : 0 },
      axisTick: { show: false }, axisLine: { show: false }, splitArea: { show: false } },
    yAxis: { type: "category", data: categories, inverse: true, axisLabel: { ...text, interval: names.length > 40 ? "auto" : 0 }, axisTick: { show: false }, axisLine: { show: false } },
    visualMap: { min: 0, max: 1, orient: "horizontal", left: "center", bottom: 0, itemWidth: 12, itemHeight: 140, calculable: false, hoverLink: false,
      text: ["row is better", "column is better"], textStyle: { color: colours.soft, fontSize: 11 }, inRange: { color: improvementColours() } },
    tooltip: { trigger: "item", confine: true, backgroundColor: colours.card, borderColor: colours.line, textStyle: { color: colours.ink },
      formatter: (hovered) => improvementTip(names, hovered) },
    series: [{ type: "heatmap", id: "improvement", data: cells, itemStyle: { borderColor: colours.card, borderWidth: names.length > 40 ? 0 : 2, borderRadius: 3 },
      label: { show: !many, formatter: (cell) => cell.value[2].toFixed(2), fontSize: 11 }, emphasis: { itemStyle: { borderColor: colours.ink } } }],
  };
}

function improvementTip(names, hovered) {
  const { pair, turned } = hovered.data;
  const [row, column] = turned ? [pair.b, pair.a] : [pair.a, pair.b];
  return element("div", { class: "tip" }, element("div", {}, element("strong", {}, plain(names[row], 40)), " better than ",
    element("strong", {}, plain(names[column], 40)), `: ${shown(hovered.data.value[2], 3)}`), element("div", {}, pair.text));
}

function matrixOption(choice, width) {
  const rows = ofTask(choice), places = new Map(rows.map((index, place) => [index, place]));
  const pairs = comparisonsOf(choice).pairs.map((pair) => ({ ...pair, a: places.get(pair.a), b: places.get(pair.b) }));
  return improvementOption(rows.map((index) => nameOf(choice, index)), pairs, width);
}

function matrixCaption() {
  return ["Probability that a run of the row ends better than a run of the column.", about()].filter(Boolean).join(" ");
}

function matrixSize(n) {
  return n * Math.max(14, Math.min(56, 1000 / n));
}

function codeOfPair(pair) {
  const [a, b] = [DATA.code[pair.a].word, DATA.code[pair.b].word];
  return a === null || b === null ? "" : a === b ? a : "mixed";
}

function comparisonsCsv(choice) {
  const found = comparisonsOf(choice), names = DATA.configurations;
  if (!found) return "";
  const rows = found.pairs.map((pair) => csvRow([DATA.metrics[choice.metric].name, choice.at, names[pair.a], names[pair.b], ...pair.numbers, codeOfPair(pair)]));
  return csvRow(["metric", "at", "a", "b", ...found.columns, "code"]) + rows.join("");
}
