// A score over two variables between the trials: linear in the triangles of neighbouring ones, like `mle plot --kind contour`.

const BANDS = 12;

/** Delaunay triangles between points [x, y] of a square of side 1, as three places each; sweeps from left to right. */
function delaunay(points) {
  const n = points.length, far = 1e4;
  // Points on one circle, as in a grid, have no unique triangles: shifts that nobody sees decide.
  const shift = (place) => (((place * 2654435761) % 4294967296) / 4294967296 - 0.5) * 1e-6;
  const at = [...points.map(([x, y], i) => [x + shift(2 * i + 1), y + shift(2 * i + 2)]), [-far, -far], [far, -far], [0, far]];
  const triangle = (a, b, c) => {
    const [ax, ay] = at[a], bx = at[b][0] - ax, by = at[b][1] - ay, cx = at[c][0] - ax, cy = at[c][1] - ay;
    const twice = 2 * (bx * cy - by * cx), bb = bx * bx + by * by, cc = cx * cx + cy * cy;
    const ux = (cy * bb - by * cc) / twice, uy = (bx * cc - cx * bb) / twice;
    return { corners: [a, b, c], x: ax + ux, y: ay + uy, reach: ux * ux + uy * uy };
  };
  let open = [triangle(n, n + 1, n + 2)];
  const closed = [];
  for (const i of Array.from(points.keys()).sort((a, b) => at[a][0] - at[b][0])) {
    const edges = new Map(), kept = [];
    for (const each of open) {
      const dx = at[i][0] - each.x, dy = at[i][1] - each.y;
      if (dx > 0 && dx * dx > each.reach) closed.push(each);
      else if (dx * dx + dy * dy > each.reach) kept.push(each);
      else {
        const [a, b, c] = each.corners;
        for (const [from, to] of [[a, b], [b, c], [c, a]]) {
          // An edge of two triangles that go is inside of the hole that they leave.
          if (!edges.delete(`${to},${from}`)) edges.set(`${from},${to}`, [from, to]);
        }
      }
    }
    open = kept.concat(Array.from(edges.values(), ([from, to]) => triangle(from, to, i)));
  }
  const area = ([a, b, c]) => Math.abs((at[b][0] - at[a][0]) * (at[c][1] - at[a][1]) - (at[c][0] - at[a][0]) * (at[b][1] - at[a][1])) / 2;
  // Points on one line have triangles only by the shifts.
  return [...closed, ...open].map((each) => each.corners).filter((corners) => Math.max(...corners) < n && area(corners) > 6e-7);
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
