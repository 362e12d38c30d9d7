// A score over two variables between the trials: linear in the triangles of neighbouring ones, like `mle plot --kind contour`.

const BANDS = 12;

/** Delaunay triangles between points [x, y], as three places each. */
function delaunay(points) {
  const { triangles } = Delaunator.from(points);
  return Array.from({ length: triangles.length / 3 }, (_, k) => Array.from(triangles.subarray(3 * k, 3 * k + 3)));
}

/** The part of a polygon of points [x, y, value] in which the value is at least, or at most, a level. */
function cut(polygon, level, sign) {
  const kept = [];
  polygon.forEach((here, i) => {
    const before = polygon[(i + polygon.length - 1) % polygon.length];
    const [inside, was] = [here, before].map((each) => sign * (each[2] - level) >= 0);
    if (inside !== was) {
      const share = (level - before[2]) / (here[2] - before[2]);
      kept.push([0, 1].map((k) => before[k] + share * (here[k] - before[k])).concat(level));
    }
    if (inside) kept.push(here);
  });
  return kept;
}

/** The mean of the values at each different place, with both axes scaled to the length 1; null where they span no area. */
function placed(points, logs) {
  const scale = (value, k) => (logs[k] ? Math.log(value) : value);
  const together = new Map();
  for (const [x, y, value] of points) {
    if ((logs[0] && x <= 0) || (logs[1] && y <= 0)) continue;
    const key = `${x},${y}`;
    if (!together.has(key)) together.set(key, { at: [scale(x, 0), scale(y, 1)], values: [] });
    together.get(key).values.push(value);
  }
  const places = Array.from(together.values());
  const ends = [0, 1].map((k) => places.reduce(([low, high], { at }) => [Math.min(low, at[k]), Math.max(high, at[k])], [Infinity, -Infinity]));
  if (places.length < 3 || ends.some(([low, high]) => !(high > low))) return null;
  const back = (unit) => unit.map((value, k) => { const one = ends[k][0] + value * (ends[k][1] - ends[k][0]); return logs[k] ? Math.exp(one) : one; });
  const unit = places.map(({ at, values }) => [...at.map((value, k) => (value - ends[k][0]) / (ends[k][1] - ends[k][0])), values.reduce((a, b) => a + b) / values.length]);
  return { unit, back };
}

/** For each band of values its colour value and its polygons in the units of the axes. */
function surfaceBands(points, logs, low, high) {
  const found = placed(points, logs);
  if (!found || !(high > low)) return [];
  const triangles = delaunay(found.unit).map((corners) => corners.map((each) => found.unit[each]));
  const levels = Array.from({ length: BANDS - 1 }, (_, k) => low + ((k + 1) * (high - low)) / BANDS);
  return Array.from({ length: BANDS }, (_, k) => {
    const polygons = triangles.map((each) => {
      const above = k === 0 ? each : cut(each, levels[k - 1], 1);
      return (k === BANDS - 1 ? above : cut(above, levels[k], -1)).map((point) => found.back(point.slice(0, 2)));
    });
    return { value: low + ((k + 0.5) * (high - low)) / BANDS, polygons: polygons.filter((each) => each.length > 2) };
  }).filter((band) => band.polygons.length);
}

/** The colour of a value on a ramp from low to high. */
function colourBetween(colours, share) {
  const place = Math.min(Math.max(share, 0), 1) * (colours.length - 1), first = Math.min(Math.floor(place), colours.length - 2);
  const parts = [first, first + 1].map((k) => [1, 3, 5].map((at) => parseInt(colours[k].slice(at, at + 2), 16)));
  return `rgb(${parts[0].map((part, k) => Math.round(part + (place - first) * (parts[1][k] - part))).join(",")})`;
}

/** The surface below the points, as a series; null where there is none. */
function surfaceSeries(points, logs, range) {
  const bands = surfaceBands(points, logs, range.min, range.max);
  if (!bands.length) return null;
  const colours = range.inRange.color;
  return {
    name: "interpolated", type: "custom", silent: true, z: 1, clip: true, data: bands.map((band) => [band.value]), encode: { x: -1, y: -1 },
    renderItem: (params, api) => {
      const band = bands[params.dataIndex], fill = colourBetween(colours, (band.value - range.min) / (range.max - range.min));
      const pathData = band.polygons.map((polygon) => `M${polygon.map((point) => api.coord(point).map((each) => each.toFixed(2)).join(" ")).join("L")}Z`).join("");
      // A thin line of the same colour: between polygons that only touch the background would shine through.
      return { type: "path", shape: { pathData }, style: { fill, stroke: fill, lineWidth: 0.7 } };
    },
  };
}
