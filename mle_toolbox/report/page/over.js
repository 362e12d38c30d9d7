// Methods over tasks: aggregates with their intervals, performance profiles, average ranks, probability of improvement.

const over = { chart: "aggregates" };

/** What is known of the chosen metric over tasks; null where no methods can be compared. */
function overOf(choice) {
  return DATA.over[choice.metric] ?? null;
}

function methodNames(found) {
  return found.methods.map((index) => DATA.tasks.methods[index]);
}

/** How high the chart is; `width` decides whether panels stand beside or below each other. */
function overHeight(choice, width) {
  const found = overOf(choice), n = found.methods.length;
  if (over.chart === "profile") return 400;
  if (over.chart === "ranks") return n * ROW_HEIGHT + 96;
  if (over.chart === "improvement") return matrixSize(n) * 0.8 + 140;
  return panelsOf(found, width, 0).height;
}

function overOption(choice, width, top = 0) {
  const found = overOf(choice);
  return { aggregates: aggregatesOption, profile: profileOption, ranks: ranksOption, improvement: overImprovementOption }[over.chart](found, width, top);
}

function overCaption(choice) {
  return overOf(choice).words[over.chart];
}

/** The place of each panel of the aggregates. */
function panelsOf(found, width, top) {
  const n = found.aggregates.length, names = methodNames(found);
  const label = Math.min(widest(names, 60, 12) + 14, 220, Math.max(90, width * 0.33)), high = Math.max(2, names.length) * ROW_HEIGHT;
  if (width < 200 * n + label) {
    const step = high + 62;
    return { label, beside: false, height: n * step + 8, grids: found.aggregates.map((_, i) => ({ left: label, right: 26, top: top + 28 + i * step, height: high })) };
  }
  const each = (width - label - 24) / n;
  return { label, beside: true, height: high + 70, grids: found.aggregates.map((_, i) => ({ left: label + i * each, width: each - 26, top: top + 28, height: high })) };
}

function aggregatesOption(found, width, top) {
  const colours = theme(), style = axisStyle(colours), names = methodNames(found), panels = panelsOf(found, width, top);
  const series = found.aggregates.map((each, panel) => {
    const value = unpack(each.value), low = unpack(each.low), high = unpack(each.high);
    const data = names.map((_, i) => ({ value: [value[i], i, Number.isFinite(low[i]) ? low[i] : value[i], Number.isFinite(high[i]) ? high[i] : value[i]], i, panel }));
    return { type: "custom", id: `aggregate ${panel}`, data, xAxisIndex: panel, yAxisIndex: panel, encode: { x: [0, 2, 3], y: 1 }, animation: false,
      renderItem: (parameters, api) => aggregateMark(api, colours, colourOf(found.methods[parameters.dataIndex])) };
  });
  return {
    animation: false,
    aria: { enabled: true, label: { description: "Aggregates over tasks of each method; the table below holds the same." } },
    textStyle: { fontFamily: "system-ui, sans-serif" },
    grid: panels.grids,
    xAxis: found.aggregates.map((each, i) => ({ ...style, gridIndex: i, type: "value", scale: true, splitNumber: 4, position: "bottom",
      name: each.title, nameLocation: "middle", nameGap: -panels.grids[i].height - 16, nameTextStyle: { color: colours.ink, fontSize: 12, fontWeight: 600 } })),
    yAxis: found.aggregates.map((_, i) => ({ gridIndex: i, type: "category", inverse: true, data: names.map((name) => plain(name, 60)), axisLine: { show: false }, axisTick: { show: false },
      axisLabel: { show: i === 0 || !panels.beside, color: colours.ink, fontSize: 12, width: panels.label - 12, overflow: "truncate", interval: 0 } })),
    tooltip: { trigger: "item", confine: true, backgroundColor: colours.card, borderColor: colours.line, textStyle: { color: colours.ink },
      formatter: (hovered) => aggregateTip(found, names, hovered.data) },
    series,
  };
}

function aggregateMark(api, colours, colour) {
  const row = api.value(1), [x, y] = api.coord([api.value(0), row]), [low] = api.coord([api.value(2), row]), [high] = api.coord([api.value(3), row]);
  const half = ROW_HEIGHT * 0.3;
  return { type: "group", children: [
    { type: "rect", shape: { x: Math.min(low, high), y: y - half, width: Math.abs(high - low), height: 2 * half }, style: { fill: colour, opacity: 0.65 } },
    { type: "line", shape: { x1: x, y1: y - half - 1, x2: x, y2: y + half + 1 }, style: { stroke: colours.ink, lineWidth: 2 } },
  ] };
}

function aggregateTip(found, names, data) {
  const each = found.aggregates[data.panel];
  const best = each.best.includes(data.i) ? [element("div", { class: "soft" }, "best, or not significantly different from the best")] : [];
  return element("div", { class: "tip" }, element("strong", {}, plain(names[data.i], 60)), element("div", {}, `${each.title}: ${textAt(each.text[data.i])}`), ...best);
}

function profileOption(found, width, top) {
  const colours = theme(), style = axisStyle(colours), names = methodNames(found), at = unpack(found.profile.at), all = () => true;
  const series = [];
  found.methods.forEach((method, i) => {
    const colour = colourOf(method);
    // Bands of more than four methods would cover each other.
    if (names.length <= 4) {
      const low = unpack(found.profile.low[i]), high = unpack(found.profile.high[i]);
      const area = [...Array.from(at, (x, j) => [x, high[j]]), ...Array.from(at, (x, j) => [x, low[j]]).reverse()];
      series.push(drawing(`band ${i}`, extentOf(area), 1, (api) => [{ type: "polygon", shape: { points: area.map((point) => api.coord(point)) },
        style: { fill: colour, opacity: colours.dark ? 0.24 : 0.17 }, silent: true }]));
    }
    series.push({ type: "line", id: `profile ${i}`, name: plain(names[i]), data: points(at, unpack(found.profile.share[i]), all), showSymbol: false, symbol: "none", color: colour,
      lineStyle: { width: 2, type: dashOf(method) }, emphasis: { disabled: true }, animation: false, z: 4 });
  });
  return {
    animation: false,
    aria: { enabled: true, label: { description: `Share of the runs that are better than a threshold, of ${names.map((name) => plain(name)).join(", ")}` } },
    textStyle: { fontFamily: "system-ui, sans-serif" },
    grid: { left: 56, right: 20, top: top + 14, bottom: 82 },
    legend: { type: "scroll", bottom: 4, data: names.map((name) => plain(name)), icon: "path://M0,4h30v3h-30z", itemWidth: 24, itemHeight: 3, selectedMode: false,
      textStyle: { color: colours.ink, width: 160, overflow: "truncate" }, pageTextStyle: { color: colours.soft }, pageIconColor: colours.soft, pageIconInactiveColor: colours.line },
    xAxis: { ...style, type: "value", name: found.score, nameGap: 28, min: "dataMin", max: "dataMax", scale: true },
    yAxis: { ...style, type: "value", name: "share of the runs", nameGap: 38, min: 0, max: 1 },
    tooltip: { trigger: "axis", confine: true, backgroundColor: colours.card, borderColor: colours.line, textStyle: { color: colours.ink },
      axisPointer: { type: "line", lineStyle: { color: colours.soft } }, formatter: (hovered) => profileTip(found, names, hovered) },
    series,
  };
}

function profileTip(found, names, hovered) {
  const wanted = (Array.isArray(hovered) ? hovered[0] : hovered)?.axisValue;
  if (wanted === undefined) return "";
  const at = unpack(found.profile.at), place = nearestIndex(at, wanted);
  const share = (i) => unpack(found.profile.share[i])[place];
  const order = Array.from(names.keys()).sort((a, b) => share(b) - share(a)), table = element("table");
  for (const i of order.slice(0, 14)) {
    const [low, high] = [found.profile.low[i], found.profile.high[i]].map((each) => shown(unpack(each)[place], 2));
    table.append(element("tr", {}, element("td", {}, swatchOf(found.methods[i])), element("td", { class: "name" }, plain(names[i], 40)), element("td", {}, `${shown(share(i), 2)} [${low}, ${high}]`)));
  }
  const rest = order.length > 14 ? [element("div", {}, `and ${order.length - 14} more`)] : [];
  return element("div", { class: "tip" }, element("strong", {}, `${found.lower ? "below" : "above"} ${shown(at[place], 3)}`), table, ...rest);
}

/** A row for each method, the best first; bars on the right join methods that do not differ significantly. */
function ranksOption(found, width, top) {
  const colours = theme(), style = axisStyle(colours), names = methodNames(found), { average, groups, difference } = found.ranks;
  const order = Array.from(names.keys()).sort((a, b) => average[a] - average[b]), row = new Map(order.map((i, place) => [i, place]));
  const label = Math.min(widest(names, 60, 12) + 14, 220, Math.max(90, width * 0.33)), n = names.length;
  const bars = groups.map((group) => group.map((i) => row.get(i))).map((rows) => [Math.min(...rows), Math.max(...rows)]);
  const right = 26 + 9 * bars.length;
  return {
    animation: false,
    aria: { enabled: true, label: { description: `Average ranks over tasks: ${order.map((i) => `${plain(names[i])} ${shown(average[i], 3)}`).join(", ")}` } },
    textStyle: { fontFamily: "system-ui, sans-serif" },
    grid: { left: label, right, top: top + 76, height: n * ROW_HEIGHT },
    xAxis: { ...style, type: "value", position: "top", min: 1, max: n, minInterval: 1, name: "average rank", nameGap: 22 },
    yAxis: { type: "category", inverse: true, data: order.map((i) => plain(names[i], 60)), axisLine: { show: false }, axisTick: { show: false },
      splitLine: { show: true, lineStyle: { color: colours.faint } }, axisLabel: { color: colours.ink, fontSize: 12, width: label - 12, overflow: "truncate", interval: 0 } },
    tooltip: { trigger: "item", confine: true, backgroundColor: colours.card, borderColor: colours.line, textStyle: { color: colours.ink },
      formatter: (hovered) => element("div", { class: "tip" }, element("strong", {}, plain(names[order[hovered.dataIndex]], 60)), element("div", {}, `average rank ${average[order[hovered.dataIndex]].toFixed(2)}`)) },
    series: [
      { type: "scatter", id: "ranks", data: order.map((i, place) => ({ value: [average[i], place], itemStyle: { color: colourOf(found.methods[i]) }, symbol: symbolOf(found.methods[i]) })), symbolSize: 11,
        label: { show: true, position: "right", formatter: (each) => average[order[each.dataIndex]].toFixed(2), color: colours.soft, fontSize: 11 } },
      { type: "custom", id: "groups", silent: true, clip: false, tooltip: { show: false }, data: [[1, 0], [n, n - 1]],
        renderItem: (parameters, api) => (parameters.dataIndex ? null : rankBars(parameters.coordSys, api, bars, Math.min(difference, n - 1), difference, colours)) },
    ],
  };
}

function rankBars(place, api, bars, length, difference, colours) {
  const line = (x1, y1, x2, y2, lineWidth) => ({ type: "line", shape: { x1, y1, x2, y2 }, style: { stroke: colours.ink, lineWidth } });
  const joined = bars.map(([first, last], i) => {
    const x = place.x + place.width + 16 + 9 * i;
    return line(x, api.coord([1, first])[1] - 8, x, api.coord([1, last])[1] + 8, 4);
  });
  const [begin] = api.coord([1, 0]), [end] = api.coord([1 + length, 0]), y = place.y - 46;
  const ruler = [line(begin, y, end, y, 1.5), line(begin, y - 4, begin, y + 4, 1.5), line(end, y - 4, end, y + 4, 1.5)];
  const words = { type: "text", x: end + 8, y: y - 6, style: { text: `critical difference ${shown(difference, 3)}`, fill: colours.soft, fontSize: 11 } };
  // Beside a long ruler there is no room.
  if (end > place.x + place.width * 0.55) Object.assign(words, { x: begin + 6, y: y - 14 });
  return { type: "group", children: [...joined, ...ruler, words] };
}

function overImprovementOption(found, width, top) {
  const names = methodNames(found);
  const option = improvementOption(names, found.pairs.map(([a, b, improvement, text]) => ({ a, b, improvement, text: textAt(text) })), width);
  return { ...option, grid: { ...option.grid, top: option.grid.top + top } };
}

function overCsv(choice) {
  const found = overOf(choice), names = methodNames(found), metric = DATA.metrics[choice.metric].name;
  const rows = {
    aggregates: () => [["metric", "method", "statistic", "value", "low", "high"], ...found.aggregates.flatMap((each) => names.map((name, i) =>
      [metric, name, each.title, ...[each.value, each.low, each.high].map((end) => unpack(end)[i])]))],
    profile: () => [["metric", "method", "score", "share", "low", "high"], ...names.flatMap((name, i) => Array.from(unpack(found.profile.at), (_, j) =>
      [metric, name, digits(found.profile.at, j), ...["share", "low", "high"].map((end) => digits(found.profile[end][i], j))]))],
    ranks: () => [["metric", "method", "average rank"], ...names.map((name, i) => [metric, name, found.ranks.average[i]])],
    improvement: () => [["metric", "a", "b", "probability of improvement"], ...found.pairs.map(([a, b, improvement]) => [metric, names[a], names[b], improvement])],
  }[over.chart]();
  return rows.map(csvRow).join("");
}

/** Show the charts that this metric has, and draw the chosen one. */
function drawOver() {
  const found = overOf(choice);
  for (const each of document.querySelectorAll(".charted")) each.classList.toggle("hidden", !found);
  document.querySelectorAll("#tasks [data-metric]").forEach((part) => part.classList.toggle("hidden", Number(part.dataset.metric) !== choice.metric));
  if (!found) return;
  const select = $("over-chart");
  if (select.dataset.metric !== String(choice.metric)) {
    select.replaceChildren(...found.charts.map(({ key, label }) => element("option", { value: key }, label)));
    if (!found.charts.some((each) => each.key === over.chart)) over.chart = found.charts[0].key;
    select.value = over.chart;
    select.dataset.metric = choice.metric;
  }
  const place = $("over");
  place.style.maxWidth = over.chart === "improvement" ? `${matrixSize(found.methods.length) * 1.5 + 230}px` : "";
  draw("over", overOption(choice, place.clientWidth), overHeight(choice, place.clientWidth));
  $("over-caption").textContent = overCaption(choice);
}
