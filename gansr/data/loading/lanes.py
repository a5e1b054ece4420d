"""Several crops of each image, far apart from each other, as a pure function of a sample's number."""

from dataclasses import dataclass

LANES = 32  # images between which crops alternate


@dataclass(frozen=True)
class Lanes:
    """Which image each sample of a process is cut from, where each image gives `crops` samples.

    Samples go around `LANES` lanes, one of each in turn. An image stays in its lane for `crops` rounds, then the next
    one takes its place; lanes change at different times, so of any 32 samples in a row about 32 / crops begin an image,
    and no two are of the same. In the first rounds of a run all lanes begin at once, and images that leave early give
    less than the others. With one crop of each, sample n is image n.

    Args:
        crops: of each image
    """

    crops: int = 1

    def visit(self, number: int) -> int:
        """The how-many-th image of the process its sample `number` comes from."""
        turn, lane = divmod(number, LANES)
        return (turn + self._ahead(lane)) // self.crops * LANES + lane

    def uses(self, visit: int, start: int = 0) -> int:
        """How many samples, from number `start` on, come from the image."""
        block, lane = divmod(visit, LANES)
        first = block * self.crops - self._ahead(lane)  # turn in which it comes, perhaps before the run began
        not_before = max(0, -((lane - start) // LANES))  # the first turn whose sample is `start` or later
        return max(0, first + self.crops - max(first, not_before))

    def held(self, ahead: int) -> int:
        """How many images to hold, so that none is decoded twice although `ahead` samples are made in any order."""
        return LANES + -(-(LANES + ahead) // self.crops)

    @property
    def span(self) -> int:
        """Samples in a row, all images of which are under way at the first of them."""
        return LANES if self.crops > 1 else 1

    def _ahead(self, lane: int) -> int:
        """By how many turns a lane changes its image before the last lane does."""
        return self.crops - 1 - lane * self.crops // LANES
