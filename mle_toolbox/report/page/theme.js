// Colours of charts: after Okabe and Ito, so that they can be told apart by everybody; lighter ones on dark paper.
// Beyond eight configurations the kind of line changes too.

const COLOURS = {
  light: ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b8860b", "#56b4e9", "#7a4fbf", "#5c6670"],
  dark: ["#4fa8e0", "#ff8a3d", "#2fc79b", "#e59bc4", "#e8b93e", "#8fd0f7", "#b394f0", "#aab4bf"],
};
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
