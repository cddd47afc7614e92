"""Fan-out and fan-in: all images of an album are scaled down at the same time, then counted together."""

from dataclasses import dataclass

import rondo
from rondo import ActivityContext, Context

app = rondo.App()


@dataclass
class Image:
    file: str
    width: int
    height: int


@dataclass
class Album:
    images: list[Image]
    longest_side: int


@dataclass
class Job:
    image: Image
    longest_side: int


@dataclass
class Thumbnail:
    file: str
    width: int
    height: int


@dataclass
class ContactSheet:
    thumbnails: list[Thumbnail]
    skipped: list[str]
    pixels: int


@app.orchestration
async def contact_sheet(ctx: Context, album: Album) -> ContactSheet:
    """Scales down all images of an album."""
    # Building a call does nothing yet; `gather` begins them all, which schedules all of them in this turn.
    calls = [ctx.activity(scale_down, Job(image, album.longest_side)) for image in album.images]
    results = await rondo.gather(*calls, return_exceptions=True)

    sheet = ContactSheet([], [], 0)
    for image, result in zip(album.images, results, strict=True):
        if isinstance(result, Thumbnail):
            sheet.pixels += result.width * result.height
            sheet.thumbnails.append(result)
        elif isinstance(result, rondo.Failure) and result.kind == "not-an-image":
            sheet.skipped.append(image.file)
        else:
            raise result
    return sheet


@app.activity
def scale_down(ctx: ActivityContext, job: Job) -> Thumbnail:
    """Makes one thumbnail."""
    image = job.image
    if image.width == 0 or image.height == 0:
        raise rondo.Failure("not-an-image", f"{image.file} has no pixels", non_retriable=True)
    longest = max(image.width, image.height)

    def scale(side: int) -> int:
        return max(side * min(job.longest_side, longest) // longest, 1)

    return Thumbnail(f"small/{image.file}", scale(image.width), scale(image.height))
