// The viewer of pictures: a divider between two layers of each image, zoom and place, all of them the same everywhere.
(() => {
  "use strict";
  const STEP = 2; // percent that an arrow key moves the divider
  const FAR = 16; // the largest zoom

  class Gallery {
    constructor(root) {
      this.root = root;
      this.divider = 50;
      this.zoom = 1;
      this.x = this.y = 0.5; // what is in the middle, as parts of width and height
      this.view = "picture";
      this.shots = [...root.querySelectorAll(".shot")];
      this.left = root.querySelector('[data-choice="left"]');
      this.right = root.querySelector('[data-choice="right"]');
      this.controls();
      this.shots.forEach((shot) => this.listen(shot.querySelector(".frame")));
      this.size("small");
      this.show();
      this.place();
      this.divide(50);
    }

    controls() {
      const on = (selector, event, act) =>
        this.root.querySelectorAll(selector).forEach((one) => one.addEventListener(event, () => act(one)));
      on('[data-choice="left"], [data-choice="right"]', "change", () => this.show());
      on('[data-choice="order"]', "change", (one) => this.order(one.value));
      on(".controls [data-view]", "click", (one) => { this.view = one.dataset.view; this.show(); });
      on("[data-size]", "click", (one) => this.size(one.dataset.size));
      on("[data-zoom]", "click", (one) => this.zooming(one.dataset.zoom));
    }

    zooming(what) {
      if (what === "reset") this.look(1, 0.5, 0.5);
      else this.look(this.zoom * (what === "in" ? 2 : 0.5), this.x, this.y);
    }

    // Everything that one image does, all do: the numbers are variables of the gallery's style.
    divide(percent) {
      this.divider = Math.min(100, Math.max(0, percent));
      this.root.style.setProperty("--divider", `${this.divider}%`);
      this.root.querySelectorAll(".handle").forEach((one) =>
        one.setAttribute("aria-valuenow", String(Math.round(this.divider))));
    }

    look(zoom, x, y) {
      this.zoom = Math.min(FAR, Math.max(1, zoom));
      const half = 0.5 / this.zoom; // no further than the border
      [this.x, this.y] = [x, y].map((one) => Math.min(1 - half, Math.max(half, one)));
      this.place();
    }

    place() {
      const offset = (middle) => `${(100 * (0.5 - middle * this.zoom)).toFixed(3)}%`;
      this.root.style.setProperty("--zoom", String(this.zoom));
      this.root.style.setProperty("--x", offset(this.x));
      this.root.style.setProperty("--y", offset(this.y));
      this.root.classList.toggle("enlarged", this.zoom > 1);
      const shown = this.root.querySelector('[data-zoom="reset"]');
      shown.textContent = `${Number(this.zoom.toFixed(1))}×`;
    }

    show() {
      this.press("[data-view]", this.view);
      this.root.querySelectorAll("[data-bar]").forEach((bar) => { bar.hidden = bar.dataset.bar !== this.view; });
      this.shots.forEach((shot) => ["left", "right"].forEach((side) => this.layer(shot, side)));
    }

    layer(shot, side) {
      const source = this[side].value;
      const stored = [...shot.querySelectorAll(".stored img")].filter((one) => one.dataset.source === source);
      const found = stored.find((one) => one.dataset.view === this.view) || stored.find((one) => one.dataset.view === "picture");
      const image = shot.querySelector(`.pane.${side} img`);
      const label = shot.querySelector(`.label.${side}`);
      const kind = found && found.dataset.view !== "picture" ? `, ${found.dataset.view}` : "";
      label.textContent = found ? source + kind : `no ${source}`;
      image.alt = `${shot.dataset.set}: ${label.textContent}`;
      image.hidden = !found;
      if (found) image.src = found.src;
    }

    order(key) {
      const number = (shot) => {
        const value = JSON.parse(shot.dataset.scores)[key.slice(1)];
        if (value === undefined) return Infinity;
        return (key[0] === "-" ? -1 : 1) * ({ inf: Infinity, "-inf": -Infinity, nan: NaN }[value] ?? value);
      };
      const places = new Map(this.shots.map((shot, index) => [shot, key ? number(shot) : index]));
      const shots = [...this.shots].sort((one, other) => places.get(one) - places.get(other) || 0);
      shots.forEach((shot) => shot.parentElement.append(shot));
    }

    size(name) {
      this.root.dataset.size = name;
      this.press("[data-size]", name);
    }

    press(selector, name) {
      const key = selector.slice(6, -1);
      this.root.querySelectorAll(`.controls button${selector}`).forEach((one) =>
        one.setAttribute("aria-pressed", String(one.dataset[key] === name)));
    }

    listen(frame) {
      const handle = frame.querySelector(".handle");
      let drag = null;
      frame.addEventListener("pointerdown", (event) => {
        if (event.button) return;
        const divides = handle.contains(event.target) || this.zoom === 1;
        drag = { divides, x: event.clientX, y: event.clientY, from: [this.x, this.y] };
        frame.setPointerCapture(event.pointerId);
        if (handle.contains(event.target)) handle.focus(); else frame.focus({ preventScroll: true });
        event.preventDefault();
      });
      frame.addEventListener("pointermove", (event) => {
        if (!drag) return;
        const box = frame.getBoundingClientRect();
        if (drag.divides) this.divide((100 * (event.clientX - box.left)) / box.width);
        else this.look(this.zoom, drag.from[0] - (event.clientX - drag.x) / box.width / this.zoom,
          drag.from[1] - (event.clientY - drag.y) / box.height / this.zoom);
      });
      ["pointerup", "pointercancel"].forEach((name) => frame.addEventListener(name, () => { drag = null; }));
      frame.addEventListener("dblclick", (event) => this.towards(frame, event, this.zoom >= 8 ? 1 / this.zoom : 2));
      frame.addEventListener("wheel", (event) => {
        if (!event.ctrlKey) return;
        event.preventDefault();
        this.towards(frame, event, Math.exp(-event.deltaY / 200));
      }, { passive: false });
      frame.addEventListener("keydown", (event) => this.key(event, handle));
    }

    // What is under the pointer stays there.
    towards(frame, event, factor) {
      const box = frame.getBoundingClientRect();
      const at = [(event.clientX - box.left) / box.width - 0.5, (event.clientY - box.top) / box.height - 0.5];
      const zoom = Math.min(FAR, Math.max(1, this.zoom * factor));
      const moved = 1 / this.zoom - 1 / zoom;
      this.look(zoom, this.x + at[0] * moved, this.y + at[1] * moved);
    }

    key(event, handle) {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const zooms = { "+": "in", "=": "in", "-": "out", 0: "reset" };
      const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
      const dividers = { ArrowLeft: this.divider - STEP, ArrowRight: this.divider + STEP, Home: 0, End: 100 };
      if (event.key in zooms) this.zooming(zooms[event.key]);
      else if (event.target === handle && event.key in dividers) this.divide(dividers[event.key]);
      else if (event.key in moves && this.zoom > 1) {
        const [right, down] = moves[event.key].map((one) => (0.1 * one) / this.zoom);
        this.look(this.zoom, this.x + right, this.y + down);
      } else return;
      event.preventDefault();
    }
  }

  document.addEventListener("DOMContentLoaded", () =>
    document.querySelectorAll(".gallery").forEach((root) => new Gallery(root)));
})();
