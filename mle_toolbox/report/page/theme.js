// How charts look. The colours come with the data (mle_toolbox/colours.py); beyond them the kind of line changes too.

const COLOURS = DATA.colours;
const DASHES = ["solid", [7, 4], [2, 3], [10, 3, 2, 3]];
const SYMBOLS = ["circle", "diamond", "triangle", "rect"];

let printing = false;

function isDark() {
  return !printing && window.matchMedia("(prefers-color-scheme: dark)").matches;
}

function theme() {
  const dark = isDark();
  return {
    dark,
    ink: dark ? "#e6ebf1" : "#1b2430",
    soft: dark ? "#a3afbd" : "#566273",
    line: dark ? "#3a4755" : "#c9d0d8",
    faint: dark ? "#28323e" : "#e9edf1",
    card: dark ? "#18202a" : "#ffffff",
  };
}

/** The number of the look of a configuration: that of its method where one task alone is shown. */
function lookOf(index) {
  return DATA.tasks && showsOneTask() ? DATA.tasks.methodOf[index] : index;
}

function showsOneTask() {
  return choice.task !== null || choice.configurations.every((each) => DATA.tasks.of[each] === DATA.tasks.of[choice.configurations[0]]);
}

function colourOf(index) {
  const colours = COLOURS[isDark() ? "dark" : "light"];
  return colours[index % colours.length];
}

function dashOf(index) {
  return DASHES[Math.floor(index / COLOURS.light.length) % DASHES.length];
}

function symbolOf(index) {
  return SYMBOLS[Math.floor(index / COLOURS.light.length) % SYMBOLS.length];
}

/** Probability of improvement: orange below one half, blue above, nothing at one half. */
function improvementColours() {
  return isDark() ? ["#e07b28", "#6e4a2c", "#28323e", "#2c5676", "#3f9ad6"] : ["#d55e00", "#f3c49b", "#f4f5f6", "#a5cde8", "#0072b2"];
}

function axisStyle(colours) {
  return {
    nameLocation: "middle",
    nameTextStyle: { color: colours.soft, fontSize: 12 },
    axisLine: { show: true, lineStyle: { color: colours.line } },
    axisTick: { lineStyle: { color: colours.line } },
    axisLabel: { color: colours.soft, fontSize: 11, hideOverlap: true, formatter: (value) => shown(value, 5) },
    splitLine: { lineStyle: { color: colours.faint } },
    minorSplitLine: { show: false },
  };
}
