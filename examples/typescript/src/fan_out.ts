/** Fan-out and fan-in: all images of an album are scaled down at the same time, then counted together. */

import { App, Failure } from "rondo";

export const app = new App();

interface Image {
  file: string;
  width: number;
  height: number;
}

interface Album {
  images: Image[];
  longest_side: number;
}

interface Job {
  image: Image;
  longest_side: number;
}

const scaleDown = app.activity(
  "scale_down",
  ({ image: { file, width, height }, longest_side }: Job): Image => {
    const longest = Math.max(width, height);
    if (width === 0 || height === 0) {
      throw new Failure("not-an-image", `${file} has no pixels`, { nonRetriable: true });
    }
    const scale = (side: number): number => Math.max(Math.trunc((side * Math.min(longest_side, longest)) / longest), 1);
    return { file: `small/${file}`, width: scale(width), height: scale(height) };
  },
  { description: "Makes one thumbnail." },
);

app.orchestration(
  "contact_sheet",
  async (ctx, { images, longest_side }: Album) => {
    // A call is scheduled when it is made, so all of them are in this turn.
    const calls = images.map((image) => ctx.activity(scaleDown, { image, longest_side }));
    const results = await Promise.allSettled(calls);

    const sheet = { thumbnails: [] as Image[], skipped: [] as string[], pixels: 0 };
    results.forEach((result, index) => {
      if (result.status === "fulfilled") {
        sheet.pixels += result.value.width * result.value.height;
        sheet.thumbnails.push(result.value);
      } else if (Failure.is(result.reason, "not-an-image")) {
        sheet.skipped.push(images[index]?.file ?? "");
      } else {
        throw result.reason;
      }
    });
    return sheet;
  },
  { description: "Makes thumbnails of all images of an album at once." },
);
