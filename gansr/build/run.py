"""One stage of a run: its folder, its networks, and what happens when it logs, validates and saves."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import yaml
from accelerate import Accelerator
from accelerate.tracking import GeneralTracker
from accelerate.utils import set_seed

from gansr.build.autopsy import Autopsy
from gansr.build.degrading.audit import tell_domains
from gansr.build.degrading.harvest import harvest_rows, wanted, with_rows
from gansr.build.degrading.measured import measured
from gansr.build.feeding.data import Images, training_batches
from gansr.build.feeding.roots import say_images
from gansr.build.feeding.streaming import news, notes
from gansr.build.making import parts
from gansr.build.making import recipes as builders
from gansr.build.making.ship import BEST, DEGRADER, LAST, SHIPPED, degrader_of, metadata, shipped
from gansr.build.making.start import load_start
from gansr.build.watching.order import Order
from gansr.build.watching.outcome import all_settings, main_settings, outcome
from gansr.build.watching.trackers import start_trackers
from gansr.build.watching.validation import Validation
from gansr.data.sets.training_set import TrainingSet
from gansr.data.unpaired.sides import UnpairedFiles
from gansr.errors import OptionsError, StorageError, TrainingError
from gansr.evaluation.pictures import before_and_after
from gansr.models import weights
from gansr.options.load import changes, dump
from gansr.options.schema import Options
from gansr.training import state
from gansr.training.checkpoints import Checkpoints
from gansr.training.console import Console
from gansr.training.files import replace_text
from gansr.training.journal import Journal
from gansr.training.loop import Intervals, Loop, Progress
from gansr.training.meter import Meter
from gansr.training.recipe import Recipe, Stateful
from gansr.training.stopwatch import Stopwatch


@dataclass
class Stage:
    """A stage of a run, built and ready; `train` runs it from where its folder stands."""

    options: Options
    accelerator: Accelerator
    recipe: Recipe
    images: Images
    validation: Validation
    left_out: list[str]  # what images there are, what was measured, and what `strict: false` left out, for people
    inherited: Path | None = None  # weights of the stage before, when this one started from them

    def __post_init__(self) -> None:
        self.best = self.validation.best
        self.progress, self.meter = Progress(), Meter()
        self.changed: list[str] = []  # options that differ from those of the part already done
        self.order = Order.of(self.images.train, self.options, self.accelerator.num_processes)
        self.checkpoints = Checkpoints(self.folder / "checkpoints", self.options.checkpoints.keep)
        self.extras: dict[str, Stateful] = {
            "progress": self.progress,
            "meter": self.meter,
            "best": self.best,
            **self.recipe.memory,
        }

    @property
    def folder(self) -> Path:
        """Where the stage is written."""
        return self.options.folder

    def train(self) -> bool:
        """Train to the end. False when a signal stopped it before; what it had is saved."""
        accelerator, train = self.accelerator, self.options.train
        set_seed(self.options.seed, device_specific=True)  # whatever is drawn from now on differs by process
        first, start = accelerator.is_main_process, self._resume()
        images = train.batch * train.accumulate * accelerator.num_processes
        if first:
            self._save_options()
        with Console(self.options.title, train.steps, start, images, visible=first) as console:
            self._announce(console, start)
            self.stopwatch = Stopwatch(start)
            trackers = self._trackers(start)
            self.journal = Journal(self.folder, start, console, self.stopwatch, images, first, trackers)
            if first and not start:
                self._tell_domains(console)
            drawn, options = self._drawn(console)
            loop = Loop(
                accelerator,
                self.recipe,
                parts.schedule(train),
                training_batches(drawn, options, accelerator, self.stopwatch.waited),
                Intervals(
                    train.steps,
                    self.options.log.every,
                    self.options.validation.intervals,
                    self.options.checkpoints.every,
                ),
                self._log,
                self._validate,
                self._save,
                self.progress,
                self.meter,
                Autopsy(drawn, options, accelerator),
                lambda: self.validation.enough,
            )
            try:
                finished = loop.run()
                if finished:
                    self._conclude(console, start)
            finally:
                self.journal.close()
        if finished and first:
            self._write(LAST)
        accelerator.wait_for_everyone()
        return finished and not loop.interrupted

    def _resume(self) -> int:
        latest = self.checkpoints.latest()
        if latest is None:
            return 0
        if self.options.resume == "never":
            raise OptionsError(
                f"resume: never, but {self.folder} already holds a run ({latest.name}). Choices: another name:, "
                f"resume: auto to go on with it, or remove that folder."
            )
        self.changed = self.order.changes(latest, self.options.resume)
        state.restore(latest, self.recipe, self.extras, self.accelerator)
        return self.progress.step

    def _trackers(self, start: int) -> list[GeneralTracker]:
        """Who is told beside TensorBoard; a stage that is over has nothing to tell."""
        if start >= self.options.train.steps or self.validation.enough:
            return []
        return start_trackers(self.options, self.accelerator, start, all_settings(self.options))

    def _conclude(self, console: Console, start: int) -> None:
        """What there is to say when all steps are taken, or enough."""
        step = self.progress.step
        if step < self.options.train.steps:
            console.say(self.validation.verdict)
        if step > start and self.accelerator.is_main_process:
            scores = outcome(self.journal.path, self.options.tracked, self.best.step)
            self.journal.settings(main_settings(self.options), scores)

    def _announce(self, console: Console, start: int) -> None:
        accelerator = self.accelerator
        precision = {"no": "fp32"}.get(accelerator.mixed_precision, accelerator.mixed_precision)
        where = f"{accelerator.num_processes} x {accelerator.device.type}, {precision}"
        console.say(f"{self.options.title}: {where}, into {self.folder}" + (f", from step {start}" if start else ""))
        for line in notes(self.images.train, start):
            console.say(f"  {line}")
        for line in self.left_out if not start else ():
            console.say(f"  {line}")
        for change in self.changed:
            console.say(f"  changed since then: {change}")

    def _tell_domains(self, console: Console) -> None:
        """Of images without pairs: is what the run will learn what it should?"""
        picture = tell_domains(self.images.train, self.folder, console.say)
        if picture is not None:
            self.journal.picture(0, "domain audit", picture)

    def _drawn(self, console: Console) -> tuple[TrainingSet, Options]:
        """What batches are drawn from, and how. Where blur and noise are harvested, real LR has then given all it has.

        The main process harvests, the others read what it wrote.
        """
        images = self.images.train
        if wanted(self.options) is None or not isinstance(images, UnpairedFiles):
            return images, self.options
        with self.accelerator.main_process_first():
            rows = harvest_rows(self.options, self.folder, console.say)
        return images.hr, with_rows(self.options, rows)

    def _save_options(self) -> None:
        """Save the resolved options; what an earlier part of the run used is told."""
        path = self.folder / "options.yml"
        text = dump(self._reproducing())
        if path.exists() and self.progress.step:
            self.changed += changes(yaml.safe_load(path.read_text("utf-8")), yaml.safe_load(text))
        try:
            replace_text(path, text)
        except OSError as error:
            raise StorageError(f"{path}: the options cannot be saved: {error.strerror}.") from None

    def _reproducing(self) -> Options:
        """Options that repeat this stage alone: with the weights it started from, in a folder of its own."""
        options, precision = self.options, self.accelerator.mixed_precision
        start = options.generator.weights or self.inherited
        return options.model_copy(
            update={
                "name": options.title.replace("/", "_"),
                "generator": options.generator.model_copy(update={"weights": start}),
                "train": options.train.model_copy(update={"precision": "fp32" if precision == "no" else precision}),
            }
        )

    def _log(self, step: int, values: dict[str, float]) -> None:
        generator, *others = self.recipe.players
        rates = {"lr": generator.lr} | {f"lr/{player.title}": player.lr for player in others}
        self.journal.losses(step, values | self._shares(step, values), rates)
        self.journal.histograms(step, self.meter.spread())
        for text in news(self.images.train):
            self.journal.console.say(f"  {text}")

    def _shares(self, step: int, values: dict[str, float]) -> dict[str, float]:
        """What each row of the loss table contributed since the last line."""
        losses = self.recipe.losses
        terms = {role: values[f"loss/{role}"] for role in losses if f"loss/{role}" in values}
        return {f"share/{role}": share for role, share in losses.shares(terms, step - 1).items()}

    def _validate(self, step: int) -> None:
        """Measure the averaged generator on every set, each process its share of the images, and keep the best."""
        if not self.images.validation:
            return
        with self.stopwatch.paused():
            for player in self.recipe.players:
                player.share_buffers()
            scores = self.validation.scores(self.recipe, step)
            flat = scores.flat()
            improved = self.best.improved(step, flat)
            if improved and self.accelerator.is_main_process:
                self._write(BEST)
            self.journal.scores(step, flat, f" (the best {self.best.title} so far)" if improved else "")
            for row in scores.rows:
                if row.pictures:
                    self.journal.picture(step, f"{row.set}/{row.image}", before_and_after(row.pictures))

    def _save(self, step: int) -> None:
        with self.stopwatch.paused():
            self.meter.share(self.accelerator)
            self._refuse_broken()
            describe = partial(metadata, self.options, step=self.progress.step)
            files = state.collect(self.recipe, self.extras, self.accelerator, describe)
            if self.accelerator.is_main_process:
                self.checkpoints.save(step, files | self.order.files())
            self.accelerator.wait_for_everyone()

    def _refuse_broken(self) -> None:
        """A finite loss can have had a gradient that was not: such weights must not become a checkpoint."""
        broken = [name for player in self.recipe.players for name in player.broken()]
        if broken:
            raise TrainingError(
                f"step {self.progress.step}: weights of the {' and the '.join(broken)} are no longer finite. They are "
                f"not saved; the last checkpoint is sound. Usual remedies: a smaller train.lr, train.clip: 1."
            )

    def _write(self, name: str) -> None:
        """What is used in the end; after the last step the degrader too, for `degradation: {type: learned}`."""
        step = self.progress.step
        weights.write(self.folder / name, shipped(self.recipe).state_dict(), metadata(self.options, SHIPPED, step))
        if name == LAST and (degrader := degrader_of(self.recipe)) is not None:
            described = metadata(self.options, "degrader", step)
            weights.write(self.folder / DEGRADER, degrader.state_dict(), described)


def build_stage(options: Options, accelerator: Accelerator, images: Images, inherited: Path | None) -> Stage:
    """Build a stage's networks, weights, losses and validation sets.

    Args:
        options: the stage's.
        accelerator: of the whole run.
        images: the stage's, found before.
        inherited: the weights that the stage before ended with; used unless the options name others.
    """
    options, told = measured(options, images.train)
    with accelerator.local_main_process_first():  # whoever comes first downloads, the others find it there
        made_of = builders.ingredients(options)
        metrics = {one.scale: parts.metrics(options, one.scale) for one in images.validation}
    validation = Validation(options, images.validation, metrics, accelerator)
    seen = say_images(options) if accelerator.is_main_process else []
    left_out = [*seen, *images.told, *told, *load_start(options, made_of.networks, inherited)]
    recipe = builders.recipe(options, made_of, accelerator)
    accelerator.gradient_accumulation_steps = options.train.accumulate
    return Stage(options, accelerator, recipe, images, validation, left_out, inherited)
