// Controls, and the charts that follow them.

const $ = (id) => document.getElementById(id);
const charts = new Map();

const choice = {
  metric: 0, time: 0, statistic: "mean", at: "last", band: true, seeds: "none", logX: false, logY: false, logFinal: false,
  configurations: DATA.chosen.slice(), task: null, order: null,
};

/** Make a chart once and set what it shows. */
function draw(id, option, height) {
  const place = $(id);
  if (!place) return;
  if (height) place.style.height = `${height}px`;
  let chart = charts.get(id);
  if (!chart) {
    chart = echarts.init(place, null, { renderer: "canvas", devicePixelRatio: Math.max(2, window.devicePixelRatio || 1) });
    charts.set(id, chart);
    place.dataset.ready = "yes";
  } else if (height) chart.resize();
  chart.setOption(option, { notMerge: true });
}

const drawers = {
  curves() {
    draw("curves", curvesOption(choice));
    $("curves-caption").textContent = curvesCaption(choice);
    $("curves").setAttribute("aria-label", curvesDescription(choice));
  },
  strips() {
    if (!$("strips")) return;
    // Values of unlike tasks have no common axis.
    const unlike = DATA.tasks !== null && choice.task === null;
    const buttons = document.querySelectorAll('[data-save="strips.png"], [data-save="strips.svg"]');
    for (const each of [$("strips"), $("strips-caption"), ...buttons]) each.classList.toggle("hidden", unlike);
    $("strips-left-out").classList.toggle("hidden", !unlike);
    if (unlike) return;
    draw("strips", stripsOption(choice, $("strips").clientWidth), stripsHeight(choice));
    $("strips-caption").textContent = stripsCaption(choice);
  },
  matrix() {
    const place = $("matrix"), found = place && comparisonsOf(choice);
    if (!place) return;
    const n = ofTask(choice).length, whole = Boolean(found?.complete) && n > 2;
    const buttons = document.querySelectorAll('[data-save="matrix.png"], [data-save="matrix.svg"]');
    for (const each of [place, $("matrix-caption"), ...buttons]) each.classList.toggle("hidden", !whole);
    if (!whole) return;
    const cells = matrixSize(n);
    place.style.maxWidth = `${cells * 1.5 + 230}px`;
    draw("matrix", matrixOption(choice, place.clientWidth), cells * 0.8 + 140);
    $("matrix-caption").textContent = matrixCaption();
  },
};

if (DATA.search) drawers.space = () => drawSpace();
if ($("over")) drawers.over = () => drawOver();

function drawAll() {
  Object.values(drawers).forEach((each) => each());
}

const METRIC_FIELDS = ["metric", "final-metric", "over-metric"];

function options(select, entries) {
  entries.forEach(([value, label]) => select.append(element("option", { value }, label)));
}

function fillControls() {
  for (const id of METRIC_FIELDS) if ($(id)) options($(id), DATA.metrics.map((metric, i) => [i, plain(metric.label)]));
  options($("time"), DATA.times.map((name, i) => [i, plain(name)]));
  options($("statistic"), DATA.statistics.map((each) => [each.key, each.label]));
  options($("at"), DATA.ats.map((each) => [each.key, each.label]));
  options($("final-statistic"), DATA.statistics.map((each) => [each.key, each.label]));
  for (const id of [...METRIC_FIELDS, "time", "statistic", "at", "final-statistic"]) {
    if ($(id) && $(id).options.length < 2) $(id).closest(".field").classList.add("hidden");
  }
}

/** What both sections choose is chosen once. */
function follow(id, change) {
  $(id)?.addEventListener("change", (event) => {
    change(event.target);
    for (const name of METRIC_FIELDS) if ($(name)) $(name).value = choice.metric;
    for (const name of ["statistic", "final-statistic"]) $(name).value = choice.statistic;
    // The tables first: the chart of seeds has their order.
    showTables();
    drawAll();
  });
}

function connectControls() {
  for (const id of METRIC_FIELDS) follow(id, (field) => { choice.metric = Number(field.value); });
  for (const id of ["statistic", "final-statistic"]) follow(id, (field) => { choice.statistic = field.value; });
  follow("time", (field) => { choice.time = Number(field.value); });
  follow("at", (field) => { choice.at = field.value; });
  follow("over-chart", (field) => { over.chart = field.value; });
  if (DATA.tasks) connectTasks();
  for (const [id, key] of [["log-x", "logX"], ["log-y", "logY"], ["band", "band"], ["log-final", "logFinal"]]) {
    follow(id, (field) => { choice[key] = field.checked; });
  }
  follow("seeds", (field) => {
    $("seed-field").classList.toggle("hidden", field.value !== "some");
    choice.seeds = field.value === "some" ? seedsOf($("seed-list").value) ?? new Set() : field.value;
  });
  $("seed-list").addEventListener("input", (event) => {
    const chosen = seedsOf(event.target.value);
    event.target.setAttribute("aria-invalid", String(chosen === null));
    if (chosen !== null) { choice.seeds = chosen; drawers.curves(); }
  });
  $("unzoom").addEventListener("click", () => charts.get("curves").dispatchAction({ type: "dataZoom", start: 0, end: 100 }));
}

/** The choice of a task decides which rows, curves and comparisons are shown. */
function connectTasks() {
  const field = $("task");
  field.closest("label").classList.remove("hidden");
  field.addEventListener("change", () => {
    choice.task = field.value === "" ? null : Number(field.value);
    const first = choice.task === null ? DATA.chosen : DATA.tasks.first[choice.task];
    Array.from($("picker-list").children).forEach((item, index) => { item.querySelector("input").checked = first.includes(index); });
    namePicker();
    picked();
    drawAll();
    showTables();
  });
}

/** Names and colours in the list of curves; only those of the chosen task are there. */
function namePicker() {
  Array.from($("picker-list").children).forEach((item, index) => {
    item.classList.toggle("hidden", !isOfTask(choice, index));
    item.querySelector(".name").textContent = plain(nameOf(choice, index), 80);
    item.querySelector("svg").replaceWith(swatch(index));
  });
  namePickFirst();
}

function namePickFirst() {
  const first = choice.task === null ? DATA.chosen : DATA.tasks.first[choice.task];
  $("pick-first").textContent = DATA.tasks && choice.task === null ? `${plain(DATA.tasks.names[0], 24)}: ${first.length}` : `Best ${first.length}`;
}

function fillPicker() {
  const list = $("picker-list");
  DATA.configurations.forEach((name, index) => {
    const box = element("input", { type: "checkbox", value: index });
    box.checked = choice.configurations.includes(index);
    const text = element("span", { class: "name", title: name }, plain(name, 80));
    list.append(element("li", {}, element("label", {}, box, swatch(index), text)));
  });
  list.addEventListener("change", picked);
  $("picker-search").addEventListener("input", (event) => {
    const wanted = event.target.value.toLowerCase();
    Array.from(list.children).forEach((item, index) => item.classList.toggle("hidden", !isOfTask(choice, index) || !item.textContent.toLowerCase().includes(wanted)));
  });
  $("pick-all").addEventListener("click", () => pick((item) => !item.classList.contains("hidden")));
  $("pick-none").addEventListener("click", () => pick(() => false));
  $("pick-first").addEventListener("click", () => pick((item, index) => (choice.task === null ? DATA.chosen : DATA.tasks.first[choice.task]).includes(index)));
  if (DATA.configurations.length <= 8) for (const id of ["picker-search", "pick-first"]) $(id).classList.add("hidden");
  namePickFirst();
  picked();
}

function pick(wanted) {
  Array.from($("picker-list").children).forEach((item, index) => { item.querySelector("input").checked = wanted(item, index); });
  picked();
}

function picked() {
  const boxes = Array.from($("picker-list").querySelectorAll("input"));
  choice.configurations = boxes.filter((box) => box.checked).map((box) => Number(box.value));
  $("picked").textContent = `${choice.configurations.length} of ${ofTask(choice).length} shown`;
  // One task alone is drawn in the colours of its methods.
  boxes.forEach((box, index) => { if (box.checked) box.parentElement.querySelector("svg").replaceWith(swatch(index)); });
  drawers.curves();
}

/** Put what is chosen into the table of final values, and show the comparisons that belong to it. */
function showTables() {
  for (const cell of document.querySelectorAll("[data-cell]")) {
    const [metric, configuration] = cell.dataset.cell.split("|");
    const final = finalsAt(`${metric}|${choice.at}`)[configuration], estimate = final?.est[choice.statistic];
    cell.textContent = estimate?.text ?? "–";
    cell.classList.toggle("best", Boolean(estimate?.best));
  }
  if (sorting.rows.length) sortTable(Array.from(sorting.rows[0].closest("table").tHead.rows[0].cells));
  for (const part of ["first", "bold", "cautions"]) $(`final-${part}`).textContent = DATA[part][`${choice.at}|${choice.statistic}`];
  const over = DATA.statistics.find((each) => each.key === choice.statistic).label;
  $("final-caption").textContent = `${over[0].toUpperCase()}${over.slice(1)} over seeds of the ${atLabel(choice.at)}, with its interval; n seeds.`;
  for (const part of document.querySelectorAll("[data-pair]")) {
    part.classList.toggle("hidden", part.dataset.pair !== `${choice.metric}|${choice.at}`);
    const rows = part.classList.contains("hidden") ? null : part.querySelector("tbody"), shows = `${part.dataset.pair}|${choice.task}`;
    // The rows of the first table are there from the beginning.
    if (rows && shows !== (rows.dataset.shows ?? "0|last|null")) rows.replaceChildren(...comparisonRows(choice));
    if (rows) rows.dataset.shows = shows;
    for (const line of part.querySelectorAll("p[data-task], p[data-always]")) {
      const all = choice.task === null ? line.dataset.always !== undefined : line.dataset.task === String(choice.task);
      line.classList.toggle("hidden", DATA.tasks !== null && !all);
    }
  }
  for (const row of sorting.rows) row.classList.toggle("hidden", !isOfTask(choice, Number(row.dataset.index)));
}

/** What the table of final values, and the chart above it, are sorted by: a column, forwards (numbers: best or smallest first) or not. */
const sorting = { rows: [], column: 0, backwards: false };
const MANY = 10;

function connectSorting() {
  const table = document.querySelector("#results table");
  if (!table) return;
  sorting.rows = Array.from(table.tBodies[0].rows);
  sorting.rows.forEach((row, index) => { row.dataset.index = index; });
  const heads = Array.from(table.tHead.rows[0].cells);
  heads.forEach((head, column) => {
    const button = element("button", { type: "button", class: "sort" }, ...Array.from(head.childNodes));
    head.append(button);
    button.addEventListener("click", () => {
      sorting.backwards = sorting.column === column && !sorting.backwards;
      sorting.column = column;
      sortTable(heads);
      drawers.strips();
    });
  });
  // Of many configurations the best are looked for; trials of a search and unlike tasks have an order of their own.
  if (DATA.configurations.length > MANY && !DATA.search && !DATA.tasks) sorting.column = heads.length - DATA.metrics.length;
  sortTable(heads);
}

function sortTable(heads) {
  const keys = new Map(sorting.rows.map((row) => [row, sortKey(row)])), first = sorting.backwards ? -1 : 1;
  const numbers = Array.from(keys.values()).every((key) => key === null || typeof key === "number");
  const compare = (a, b) => (numbers ? a - b : String(a).localeCompare(String(b), undefined, { numeric: true }));
  const ordered = sorting.rows.slice().sort((a, b) => {
    const [x, y] = [keys.get(a), keys.get(b)];
    // What has no number is last, whichever way.
    return x === null || y === null ? (x === null) - (y === null) : first * compare(x, y) || a.dataset.index - b.dataset.index;
  });
  ordered[0]?.parentElement.append(...ordered);
  choice.order = ordered.map((row) => Number(row.dataset.index));
  heads.forEach((head, column) => {
    if (column === sorting.column) head.setAttribute("aria-sort", sorting.backwards ? "descending" : "ascending");
    else head.removeAttribute("aria-sort");
  });
}

/** What a row is sorted by: its place in the experiment file, a setting, a number of seeds, or a value of which the best is the smallest. */
function sortKey(row) {
  const cell = row.cells[sorting.column], index = Number(row.dataset.index);
  if (sorting.column === 0) return index;
  if (!cell.dataset.cell) {
    const text = cell.textContent.trim(), number = text === "" || text === "–" ? null : Number(text.split("/")[0]);
    return number === null ? null : Number.isNaN(number) ? text : number;
  }
  const metric = Number(cell.dataset.cell.split("|")[0]);
  const value = finalsAt(`${metric}|${choice.at}`)[index]?.est[choice.statistic]?.value;
  return value === undefined || Number.isNaN(value) ? null : DATA.metrics[metric].lower ? value : -value;
}

function connectDownloads() {
  const metric = (id) => fileWord(id === "space" ? SEARCH.metrics[search.metric].name : DATA.metrics[choice.metric].name);
  const csv = { space: () => spaceCsv(), over: () => overCsv(choice), curves: () => curvesCsv(choice), strips: () => finalsCsv(choice), matrix: () => comparisonsCsv(choice) };
  for (const button of document.querySelectorAll("button[data-save]")) {
    const [id, kind] = button.dataset.save.split(".");
    button.addEventListener("click", () => {
      const name = `${id}_${metric(id)}.${kind}`;
      if (kind === "csv") return download(name, csv[id](), "text/csv;charset=utf-8");
      return kind === "png" ? download(name, pictureOf(id)) : download(name, drawingOf(id), "image/svg+xml");
    });
  }
}

/** Draw the same once more, out of sight and to stand alone; on white paper, as in print. */
function alone(id, place, renderer, take) {
  const shownChart = charts.get(id), width = Math.max(720, shownChart.getWidth()), height = shownChart.getHeight() + (id === "curves" ? 60 : 0);
  printing = true;
  const option = { space: () => spaceOption(width, 44), over: () => overOption(choice, width, 44), curves: () => withLegend(curvesOption(choice), choice), strips: () => stripsOption(choice, width), matrix: () => matrixOption(choice, width) }[id]();
  const made = { space: () => spaceCaption(), over: () => overCaption(choice), curves: () => curvesCaption(choice), strips: () => stripsCaption(choice), matrix: () => matrixCaption() }[id]();
  const chart = echarts.init(place, null, { renderer, ssr: place === null, width, height: height + 44, devicePixelRatio: 3 });
  const title = { subtext: made, left: 8, top: -4, itemGap: 0, subtextStyle: { color: theme().soft, fontSize: 10, width: width - 16, overflow: "break", lineHeight: 13 } };
  const grid = id === "space" || id === "over" ? option.grid : { ...option.grid, top: option.grid.top + 44 };
  chart.setOption({ ...option, title, grid, aria: { enabled: false }, backgroundColor: "#ffffff" });
  const taken = take(chart);
  chart.dispose();
  printing = false;
  return taken;
}

function drawingOf(id) {
  return alone(id, null, "svg", (chart) => chart.renderToSVGString());
}

function pictureOf(id) {
  return alone(id, document.createElement("div"), "canvas", (chart) => chart.getDataURL({ type: "png", pixelRatio: 3, backgroundColor: "#ffffff" }));
}

/** Arrow keys move the pointer along the curves. */
function connectKeyboard() {
  let position = -1;
  $("curves").addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1, PageUp: 10, PageDown: -10 }[event.key];
    const series = charts.get("curves").getOption().series.findIndex((each) => each.type === "line");
    if (event.key === "Escape") return charts.get("curves").dispatchAction({ type: "hideTip" });
    if (step === undefined || series < 0) return undefined;
    const length = charts.get("curves").getOption().series[series].data.length;
    position = Math.max(0, Math.min(length - 1, position + step));
    event.preventDefault();
    return charts.get("curves").dispatchAction({ type: "showTip", seriesIndex: series, dataIndex: position });
  });
}

function connectCopying() {
  for (const block of document.querySelectorAll(".copied")) {
    const button = element("button", { type: "button" }, "Copy");
    button.addEventListener("click", () => {
      const range = document.createRange();
      range.selectNodeContents(block.querySelector("pre"));
      getSelection().removeAllRanges();
      getSelection().addRange(range);
      // navigator.clipboard is not there for every file that is opened from disk.
      button.textContent = document.execCommand("copy") ? "Copied" : "Press Ctrl+C";
      setTimeout(() => { button.textContent = "Copy"; }, 2000);
    });
    block.append(button);
  }
}

function connectPage() {
  new ResizeObserver(() => requestAnimationFrame(() => { for (const [id, chart] of charts) if ($(id).clientWidth) chart.resize(); })).observe(document.body);
  const repaint = () => {
    drawAll();
    document.querySelectorAll("#picker-list label").forEach((label, index) => label.querySelector("svg").replaceWith(swatch(index)));
  };
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
  let opened = [];
  window.addEventListener("beforeprint", () => {
    printing = true;
    opened = Array.from(document.querySelectorAll("details.print:not([open])"));
    opened.forEach((each) => { each.open = true; });
    repaint();
    for (const chart of charts.values()) chart.resize();
  });
  window.addEventListener("afterprint", () => {
    printing = false;
    opened.forEach((each) => { each.open = false; });
    repaint();
  });
  const links = new Map(Array.from(document.querySelectorAll("nav a"), (link) => [link.hash.slice(1), link]));
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) if (entry.isIntersecting) {
      for (const link of links.values()) link.removeAttribute("aria-current");
      links.get(entry.target.id)?.setAttribute("aria-current", "true");
    }
  }, { rootMargin: "-20% 0px -70% 0px" });
  for (const id of links.keys()) if ($(id)) seen.observe($(id));
}

if (DATA.metrics.length) {
  fillControls();
  if (DATA.search) connectSearch();
  connectControls();
  fillPicker();
  connectSorting();
  showTables();
  drawAll();
  connectDownloads();
  connectKeyboard();
}
connectCopying();
connectPage();
document.documentElement.dataset.ready = "yes";
