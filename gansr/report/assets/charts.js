// Draws the charts of the page with plotly, in the page's colours; a legend for all of them hides and shows parts.
(() => {
  "use strict";
  const PALETTES = {
    light: ["#0b6fb8", "#d1590b", "#12855f", "#b0508f", "#9a7400", "#5a5fc7", "#b3392f", "#4d7a1f"],
    dark: ["#5eb1f0", "#f2915a", "#4fcf9f", "#e48cc4", "#e0bb4a", "#a3a7ff", "#f08078", "#9ccc65"],
  };
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const hidden = new Set();
  const drawn = new Set();
  let logarithmic = false;

  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const colour = (number) => {
    const palette = PALETTES[dark.matches ? "dark" : "light"];
    return number === null || number === undefined ? css("--text") : palette[number % palette.length];
  };
  const content = (plot) => JSON.parse(plot.parentElement.querySelector("script").textContent);

  function traces(chart) {
    return chart.traces.map((trace) => {
      const own = colour(trace.meta.colour);
      return {
        ...trace,
        type: "scatter",
        line: { ...trace.line, color: own },
        marker: { ...trace.marker, color: own },
        textfont: { color: own },
        cliponaxis: false,
        fillcolor: own + "66",
        visible: !hidden.has(trace.meta.part),
        showlegend: chart.named,
        connectgaps: false,
      };
    });
  }

  function layout(chart) {
    const axis = {
      gridcolor: css("--line"),
      zeroline: false,
      linecolor: css("--line"),
      tickcolor: css("--line"),
      automargin: true,
      title: { font: { size: 12, color: css("--quiet") }, standoff: 6 },
    };
    const line = chart.line === null ? [] : [{
      type: "line", xref: "paper", x0: 0, x1: 1, y0: chart.line, y1: chart.line,
      line: { color: css("--quiet"), width: 1, dash: "dot" },
    }];
    return {
      height: 250,
      margin: { l: 48, r: 12, t: 8, b: 40 },
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: css("--font"), size: 12, color: css("--text") },
      hoverlabel: { bgcolor: css("--card"), bordercolor: css("--line"), font: { color: css("--text"), size: 12 } },
      hovermode: "closest",
      showlegend: chart.named,
      legend: { orientation: "h", y: 1.02, yanchor: "bottom", x: 0, font: { size: 11 } },
      shapes: line,
      xaxis: { ...axis, title: { ...axis.title, text: chart.x } },
      yaxis: {
        ...axis,
        title: { ...axis.title, text: chart.y },
        type: chart.logarithmic && logarithmic ? "log" : "linear",
        exponentformat: "power",
      },
    };
  }

  function draw(plot) {
    const chart = content(plot);
    Plotly.react(plot, traces(chart), layout(chart), { displaylogo: false, displayModeBar: false, responsive: true });
    drawn.add(plot);
  }

  const redraw = (wanted = () => true) => drawn.forEach((plot) => wanted(content(plot)) && draw(plot));

  function legends() {
    document.querySelectorAll(".legend [data-part]").forEach((button) => {
      const part = Number(button.dataset.part);
      const show = () => {
        button.style.setProperty("--colour", colour(part));
        button.setAttribute("aria-pressed", String(!hidden.has(part)));
      };
      button.addEventListener("click", () => {
        hidden.has(part) ? hidden.delete(part) : hidden.add(part);
        document.querySelectorAll(`.legend [data-part="${part}"]`).forEach((one) => one.dispatchEvent(new Event("show")));
        redraw();
      });
      button.addEventListener("show", show);
      dark.addEventListener("change", show);
      show();
    });
    document.querySelectorAll("[data-logarithmic]").forEach((box) => {
      box.addEventListener("change", () => {
        logarithmic = box.checked;
        redraw((chart) => chart.logarithmic);
      });
    });
  }

  document.addEventListener("DOMContentLoaded", () => {
    legends();
    const seen = new IntersectionObserver((entries) => entries.forEach((entry) => {
      if (!entry.isIntersecting) return;
      seen.unobserve(entry.target);
      draw(entry.target);
    }), { rootMargin: "400px" });
    document.querySelectorAll(".plot").forEach((plot) => seen.observe(plot));
    dark.addEventListener("change", () => redraw());
  });
})();
