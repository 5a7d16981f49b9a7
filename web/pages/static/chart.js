// The balance as a line, and what was spent on each day as bars. The page has the same numbers as a table.
(() => {
  "use strict";

  const HALF_A_DAY = 43_200;
  const AXIS_PIXELS = 64; // "500 тыс." fits
  const root = document.documentElement;
  const compact = new Intl.NumberFormat(root.lang, { notation: "compact", maximumFractionDigits: 2 });
  const date = new Intl.DateTimeFormat(root.lang, { day: "numeric", month: "short", timeZone: "UTC" });

  function colour(name) {
    return getComputedStyle(root).getPropertyValue(name).trim();
  }

  function seriesOf(kind) {
    const points = { show: false };
    if (kind === "balance_usd") {
      return { stroke: colour("--balance"), fill: colour("--balance-fill"), width: 2, points };
    }
    return { stroke: colour("--spent"), fill: colour("--spent"), paths: uPlot.paths.bars({ size: [0.6, 14] }), points };
  }

  function axis(more) {
    const grid = { stroke: colour("--line"), width: 1 };
    return { stroke: colour("--quiet"), font: "12px system-ui, sans-serif", ticks: { show: false }, grid, ...more };
  }

  function draw(place, days, dollars) {
    const options = {
      width: place.clientWidth,
      height: place.clientHeight,
      legend: { show: false },
      cursor: { show: false },
      padding: [8, 8, 0, 0],
      scales: {
        x: { range: (chart, first, last) => [first - HALF_A_DAY, last + HALF_A_DAY] },
        y: { range: (chart, least, most) => [Math.min(0, least), most > 0 ? most * 1.1 : 1] },
      },
      axes: [
        axis({ grid: { show: false }, space: 60, values: (chart, marks) => marks.map((mark) => date.format(mark * 1000)) }),
        axis({ size: AXIS_PIXELS, space: 28, values: (chart, marks) => marks.map((mark) => compact.format(mark)) }),
      ],
      series: [{}, seriesOf(place.dataset.of)],
    };
    place.replaceChildren();
    return new uPlot(options, [days, dollars], place);
  }

  function show(place, history) {
    const days = history.day.map((day) => day + HALF_A_DAY);
    const dollars = history[place.dataset.of];
    let chart = draw(place, days, dollars);
    new ResizeObserver(() => chart.setSize({ width: place.clientWidth, height: place.clientHeight })).observe(place);
    const drawAnew = () => {
      chart.destroy();
      chart = draw(place, days, dollars);
    };
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAnew);
  }

  async function showAll(charts) {
    const answer = await fetch(charts.dataset.charts).catch(() => null);
    if (!answer || !answer.ok) {
      charts.hidden = true; // the table is there
      return;
    }
    const history = await answer.json();
    charts.querySelectorAll("[data-of]").forEach((place) => show(place, history));
  }

  document.querySelectorAll("[data-charts]").forEach(showAll);
})();
