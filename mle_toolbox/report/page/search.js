// The space of a search: a score against one variable, two or all of them. Every mean was computed before.

const SEARCH = DATA.search;
const search = { chart: "slices", metric: 0, x: 0, y: 0, over: 2 };

function scoreOf(trial) {
  return trial.scores[search.metric];
}

function scoredTrials() {
  return SEARCH.trials.filter((trial) => scoreOf(trial) && Number.isFinite(scoreOf(trial).value));
}

function scoreName() {
  return plain(SEARCH.metrics[search.metric].label, 40);
}

function isLower() {
  return SEARCH.metrics[search.metric].lower;
}

/** From the best to the worst. */
function scoreColours() {
  return isDark() ? ["#8fd0ff", "#4592c8", "#3d5f7a", "#3a424c"] : ["#08457e", "#3f8fc7", "#a9cbe2", "#e3e4e2"];
}

/** The colours of the scores; the worst quarter shares one, or a single bad trial would leave no difference between all others. */
function scoreRange(values, more) {
  const sorted = Array.from(values).sort((a, b) => (isLower() ? a - b : b - a));
  const best = sorted[0], worst = sorted[Math.floor(0.75 * (sorted.length - 1))];
  const colours = scoreColours();
  return {
    type: "continuous", min: Math.min(best, worst), max: Math.max(best, worst), orient: "horizontal", left: "center", bottom: 0, itemWidth: 12,
    itemHeight: 150, calculable: false, hoverLink: false, text: isLower() ? ["worse", "better"] : ["better", "worse"], textStyle: { color: theme().soft, fontSize: 11 },
    formatter: (value) => shown(value), inRange: { color: isLower() ? colours : colours.slice().reverse() }, ...more,
  };
}

/** Where a value stands on the axis of its variable: the number itself, or its place among the choices. */
function placeOf(variable, value) {
  if (value === null || value === undefined) return null;
  const text = JSON.stringify(value);
  return variable.numbers ? value : variable.values.findIndex((each) => JSON.stringify(each) === text);
}

function axisOf(variable) {
  const style = axisStyle(theme());
  if (!variable.numbers) {
    return { ...style, type: "category", data: variable.texts.map((each) => plain(each, 24)), axisLabel: { color: theme().soft, fontSize: 11, width: 90, overflow: "truncate" } };
  }
  return { ...style, type: variable.log ? "log" : "value", scale: true };
}

function trialTip(trial) {
  if (!trial) return "";
  const rows = element("table");
  SEARCH.variables.forEach((variable, i) => rows.append(element("tr", {}, element("td", { class: "name" }, plain(variable.name, 40)), element("td", {}, plain(trial.texts[i], 40)))));
  const rank = trial.rank === null ? "" : `, place ${trial.rank}`;
  return element("div", { class: "tip" }, element("strong", {}, plain(trial.name, 60) + rank), element("div", {}, `${scoreName()}: ${scoreOf(trial)?.text ?? "no score"}`), rows);
}

function spaceBase(description) {
  const colours = theme();
  return {
    animation: false,
    aria: { enabled: true, label: { description } },
    textStyle: { fontFamily: "system-ui, sans-serif" },
    tooltip: { trigger: "item", confine: true, backgroundColor: colours.card, borderColor: colours.line, textStyle: { color: colours.ink },
      formatter: (hovered) => (hovered.data?.cell ? cellTip(hovered.data.cell) : trialTip(hovered.data?.trial)) },
  };
}

const PANEL = 250;

function slicesShape(width) {
  const columns = Math.max(1, Math.min(SEARCH.variables.length, Math.floor(width / 280)));
  return { columns, rows: Math.ceil(SEARCH.variables.length / columns) };
}

function slicesOption(width, top) {
  const { columns } = slicesShape(width), colours = theme(), trials = scoredTrials();
  const best = trials.find((trial) => trial.rank === 1);
  const grid = [], xAxis = [], yAxis = [], series = [];
  SEARCH.variables.forEach((variable, i) => {
    const column = i % columns, row = Math.floor(i / columns), each = width / columns;
    grid.push({ left: column * each + 62, width: each - 84, top: top + row * PANEL + 12, height: PANEL - 74 });
    xAxis.push({ ...axisOf(variable), gridIndex: i, name: plain(variable.name, 40), nameGap: 28 });
    yAxis.push({ ...axisStyle(colours), gridIndex: i, type: "value", scale: true, name: column === 0 ? scoreName() : "", nameGap: 46 });
    const at = (trial) => ({ value: [placeOf(variable, trial.values[i]), scoreOf(trial).value], trial });
    const placed = trials.filter((trial) => trial.values[i] !== null && trial.values[i] !== undefined);
    series.push({ type: "scatter", xAxisIndex: i, yAxisIndex: i, data: placed.filter((trial) => trial !== best).map(at), symbolSize: 7,
      itemStyle: { color: colourOf(0), opacity: placed.length > 100 ? 0.35 : 0.6 } });
    if (best) series.push({ type: "scatter", xAxisIndex: i, yAxisIndex: i, data: [at(best)], symbol: "diamond", symbolSize: 13, z: 4, itemStyle: { color: colourOf(1), borderColor: colours.card, borderWidth: 1 } });
  });
  return { ...spaceBase("The score of every trial against each variable."), grid, xAxis, yAxis, series };
}

/** All trials in their order, the best so far, and what fresh seeds say of the winner and of the base configuration. */
function historyOption(width, top) {
  const colours = theme(), history = SEARCH.history, trials = history.order.map((place) => SEARCH.trials[place]);
  const points = trials.flatMap((trial, at) => (scoreOf(trial) ? [{ value: [at, scoreOf(trial).value], trial }] : []));
  const winner = history.fresh.winner?.name;
  const series = [
    { name: "trial", type: "scatter", data: points, symbolSize: 7, itemStyle: { color: colourOf(0), opacity: points.length > 100 ? 0.35 : 0.6 } },
    { name: "best so far (optimistic)", type: "line", step: "end", showSymbol: false, silent: true, data: history.best[search.metric].flatMap((best, at) => (best === null ? [] : [[at, best]])), lineStyle: { color: colourOf(1), width: 2 }, itemStyle: { color: colourOf(1) } },
  ];
  ["base", "winner"].forEach((what, i) => {
    const score = history.fresh[what]?.scores[search.metric], colour = colourOf(3 - i);
    if (!score || !Number.isFinite(score.value)) return;
    series.push({ name: `${what}, fresh seeds`, type: "line", silent: true, showSymbol: false, data: [[0, score.value], [Math.max(trials.length - 1, 1), score.value]],
      lineStyle: { color: colour, type: "dashed", width: 2 }, itemStyle: { color: colour },
      ...(Number.isFinite(score.low) ? { markArea: { silent: true, itemStyle: { color: colour, opacity: 0.14 }, data: [[{ yAxis: score.low }, { yAxis: score.high }]] } } : {}) });
  });
  const ring = points.filter((point) => point.trial.name === winner);
  if (ring.length) series.push({ name: "winner", type: "scatter", data: ring, symbolSize: 15, z: 4, itemStyle: { color: "transparent", borderColor: colourOf(2), borderWidth: 2 } });
  return {
    ...spaceBase("The score of every trial in order, the best so far, and the values with fresh seeds."),
    legend: { bottom: 0, textStyle: { color: colours.ink }, data: series.filter((each) => each.name !== "winner").map((each) => each.name) },
    grid: { left: 70, right: 24, top: top + 16, bottom: 84 },
    xAxis: { ...axisStyle(colours), type: "value", name: "trial", nameGap: 28, minInterval: 1, max: Math.max(trials.length - 1, 1) },
    yAxis: { ...axisStyle(colours), type: "value", scale: true, name: scoreName(), nameGap: 52 },
    series,
  };
}

function parallelOption(width, top) {
  const colours = theme(), trials = scoredTrials(), wide = width > 560;
  const common = { nameLocation: "start", nameTextStyle: { color: colours.ink, fontSize: 12, width: Math.max(60, width / (SEARCH.variables.length + 1) - 12), overflow: "truncate" },
    axisLine: { lineStyle: { color: colours.line } }, axisTick: { lineStyle: { color: colours.line } },
    axisLabel: { color: colours.soft, fontSize: 11, textBorderColor: colours.card, textBorderWidth: 3, formatter: (value) => (typeof value === "number" ? shown(value, 4) : plain(value, 16)) } };
  const parallelAxis = SEARCH.variables.map((variable, dim) => ({ ...common, dim, name: plain(variable.name, 24), inverse: false,
    ...(variable.numbers ? { type: variable.log ? "log" : "value", scale: true, min: "dataMin", max: "dataMax" } : { type: "category", data: variable.texts.map((each) => plain(each, 24)) }) }));
  parallelAxis.push({ ...common, dim: SEARCH.variables.length, name: scoreName(), type: "value", scale: true, inverse: isLower(), nameLocation: isLower() ? "end" : "start" });
  const data = trials.slice().reverse().map((trial) => ({
    value: [...SEARCH.variables.map((variable, i) => placeOf(variable, trial.values[i]) ?? "-"), scoreOf(trial).value], trial,
    lineStyle: trial.rank !== null && trial.rank <= 10 ? { width: 2.6, opacity: 0.95 } : { width: 1, opacity: trials.length > 100 ? 0.35 : 0.55 },
  }));
  return {
    ...spaceBase("Every trial as a line through its values and its score."),
    parallel: { left: wide ? 60 : 34, right: wide ? 70 : 40, top: top + 16, bottom: 74 },
    parallelAxis, visualMap: scoreRange(trials.map((trial) => scoreOf(trial).value), { dimension: SEARCH.variables.length }),
    series: [{ type: "parallel", data, smooth: false, emphasis: { lineStyle: { width: 3, opacity: 1 } } }],
  };
}

function heatCells() {
  const turned = search.x > search.y, key = turned ? `${search.y}|${search.x}` : `${search.x}|${search.y}`;
  const cells = SEARCH.heat[`${key}|${search.metric}`];
  return cells?.map((cell) => (turned ? [cell[1], cell[0], ...cell.slice(2)] : cell)) ?? null;
}

function cellTip(cell) {
  const [x, y] = [SEARCH.variables[search.x], SEARCH.variables[search.y]];
  return element("div", { class: "tip" }, element("strong", {}, `${plain(x.name, 30)} ${plain(x.texts[cell[0]], 30)}, ${plain(y.name, 30)} ${plain(y.texts[cell[1]], 30)}`),
    element("div", {}, `${scoreName()}: mean ${shown(cell[2])}, best ${shown(cell[3])}`), element("div", {}, `${cell[4]} trial${cell[4] === 1 ? "" : "s"}`));
}

function heatOption(width, top) {
  const cells = heatCells(), colours = theme(), [x, y] = [SEARCH.variables[search.x], SEARCH.variables[search.y]];
  const place = { left: Math.min(120, Math.max(70, width * 0.16)), right: 20, top: top + 10, bottom: 100 };
  if (!cells) return scatterOption(x, y, place);
  const axis = (variable) => ({ ...axisStyle(colours), type: "category", data: variable.texts.map((each) => plain(each, 24)), name: plain(variable.name, 40), axisTick: { show: false },
    splitLine: { show: false }, axisLabel: { color: colours.soft, fontSize: 11, width: 80, overflow: "truncate", hideOverlap: true } });
  const many = cells.length > 80 || width / x.texts.length < 44;
  const range = scoreRange(cells.map((cell) => cell[search.over]), { dimension: 2 });
  const middle = (range.min + range.max) / 2;
  const data = cells.map((cell) => {
    const strong = isLower() ? cell[search.over] < middle : cell[search.over] > middle;
    return { value: [cell[0], cell[1], cell[search.over]], cell, label: { color: strong === isDark() ? "#10202e" : strong ? "#ffffff" : colours.ink } };
  });
  return {
    ...spaceBase("The score for each pair of values of two variables."), grid: place,
    xAxis: { ...axis(x), nameGap: 30 }, yAxis: { ...axis(y), nameGap: place.left - 22 }, visualMap: range,
    series: [{ type: "heatmap", data, itemStyle: { borderColor: colours.card, borderWidth: cells.length > 400 ? 0 : 2, borderRadius: 3 },
      label: { show: !many, formatter: (cell) => shown(cell.value[2], 3), fontSize: 11 }, emphasis: { itemStyle: { borderColor: colours.ink } } }],
  };
}

/** Too many values for cells, as in a random search: a point for each trial, and between numbers an interpolation. */
function scatterOption(x, y, place) {
  const trials = scoredTrials();
  const range = scoreRange(trials.map((trial) => scoreOf(trial).value), { dimension: 2, seriesIndex: 0 });
  const data = trials.slice().reverse().map((trial) => ({ value: [placeOf(x, trial.values[search.x]), placeOf(y, trial.values[search.y]), scoreOf(trial).value], trial }));
  return {
    ...spaceBase("Every trial by its values of two variables, coloured by its score."), grid: place,
    xAxis: { ...axisOf(x), name: plain(x.name, 40), nameGap: 30 }, yAxis: { ...axisOf(y), name: plain(y.name, 40), nameGap: place.left - 22 },
    visualMap: range,
    series: [{ type: "scatter", data, symbolSize: trials.length > 200 ? 7 : 11, z: 3, itemStyle: { borderColor: theme().card, borderWidth: trials.length > 200 ? 0.5 : 1 } }, surfaceOf(x, y, trials, range)].filter(Boolean),
  };
}

/** The surface between the trials; null where a variable has choices, or the points span no area. */
function surfaceOf(x, y, trials, range) {
  if (!x.numbers || !y.numbers || x === y) return null;
  const there = trials.filter((trial) => [search.x, search.y].every((k) => typeof trial.values[k] === "number"));
  return surfaceSeries(there.map((trial) => [trial.values[search.x], trial.values[search.y], scoreOf(trial).value]), [x.log, y.log], range);
}

function spaceOption(width, top = 0) {
  return { history: historyOption, slices: slicesOption, parallel: parallelOption, heat: heatOption }[search.chart](width, top);
}

function spaceHeight(width) {
  if (search.chart === "slices") return slicesShape(width).rows * PANEL;
  if (search.chart === "parallel" || search.chart === "history") return 400;
  return heatCells() ? Math.max(220, Math.min(640, SEARCH.variables[search.y].texts.length * 34)) + 110 : 440;
}

function hasSurface() {
  return charts.get("space").getOption().series.some((each) => each.type === "custom");
}

function spaceCaption() {
  const without = SEARCH.trials.length - scoredTrials().length;
  const parts = {
    history: ["Each point: a trial, in the order of their numbers, with the score that the search saw.", SEARCH.history.fresh.winner
      ? "Ring: the winner. Dashed, with their intervals: values with seeds that have chosen nothing; the distance of the best so far from the winner's is the optimism of the search."
      : "The best so far looks better than it is, because the same seeds chose it."],
    slices: ["Each point: a trial with its score. Diamond: the best one. Where other variables differ too, a column of points shows their effect as well."],
    parallel: ["Each line: a trial through its values and its score; thick: the first ten. The worst quarter shares one colour."],
    heat: [heatCells() ? `Each cell: the ${search.over === 2 ? "mean" : "best"} score over all trials with these two values, that is over all values of the other variables.`
      : "Each point: a trial, coloured by its score.", hasSurface() ? "The surface between the points is an interpolation, linear between neighbours, and was not measured." : "", search.over === 3 && heatCells() ? "The best of many trials looks better than it is." : "", "The worst quarter shares one colour."],
  }[search.chart];
  const bad = scoredTrials().filter((trial) => trial.bad).length;
  if (bad) parts.push(`${bad} trial${bad === 1 ? "" : "s"} lost seeds that failed or diverged; the score is of the others.`);
  if (without) parts.push(`Without a score and not drawn: ${without} trial${without === 1 ? "" : "s"}.`);
  return parts.filter(Boolean).join(" ");
}

function spaceCsv() {
  let text = csvRow(["trial", "rank", ...SEARCH.variables.map((each) => each.name), ...SEARCH.metrics.flatMap((each) => [each.name, `${each.name}_low`, `${each.name}_high`])]);
  for (const trial of SEARCH.trials) {
    text += csvRow([trial.name, trial.rank, ...trial.values.map((each) => (each !== null && typeof each === "object" ? JSON.stringify(each) : typeof each === "boolean" ? String(each) : each)),
      ...trial.scores.flatMap((score) => (score ? [score.value, score.low, score.high] : [null, null, null]))]);
  }
  return text;
}

function drawSpace() {
  if (!$("space")) return;
  for (const field of document.querySelectorAll('[data-for="heat"]')) field.classList.toggle("hidden", search.chart !== "heat" || (field.contains($("search-over")) && !heatCells()));
  const width = $("space").clientWidth;
  draw("space", spaceOption(width), spaceHeight(width));
  $("space-caption").textContent = spaceCaption();
  $("space").setAttribute("aria-label", `${scoreName()} over the space of the search; the file search.csv holds the same`);
}

function connectSearch() {
  if (!$("space")) return;
  options($("search-metric"), SEARCH.metrics.map((metric, i) => [i, plain(metric.label)]));
  if (SEARCH.metrics.length < 2) $("search-metric").closest(".field").classList.add("hidden");
  for (const id of ["search-x", "search-y"]) options($(id), SEARCH.variables.map((variable, i) => [i, plain(variable.name)]));
  [search.x, search.y] = SEARCH.first;
  $("search-x").value = search.x;
  $("search-y").value = search.y;
  if (SEARCH.variables.length === 2) search.chart = "heat";
  // Where fresh seeds have confirmed a winner, how far the search was off comes first.
  if (SEARCH.history.fresh.winner) search.chart = "history";
  $("search-chart").value = search.chart;
  const read = () => {
    const before = { x: search.x, y: search.y };
    search.chart = $("search-chart").value;
    for (const key of ["metric", "x", "y", "over"]) search[key] = Number($(`search-${key}`).value);
    // A variable against itself shows nothing: the two change places.
    if (search.x === search.y) {
      [search.x, search.y] = search.x !== before.x ? [search.x, before.x] : [before.y, search.y];
      $("search-x").value = search.x;
      $("search-y").value = search.y;
    }
    drawSpace();
  };
  for (const key of ["chart", "metric", "x", "y", "over"]) $(`search-${key}`).addEventListener("change", read);
  let width = $("space").clientWidth;
  // Panels depend on the width, so they are laid out anew; the other charts only stretch.
  new ResizeObserver(() => requestAnimationFrame(() => {
    const now = $("space").clientWidth;
    if (now && now !== width) { width = now; drawSpace(); }
  })).observe($("space"));
}
