//! Fan-out and fan-in: all images of an album are scaled down at the same time, then counted together.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test may panic"))]

use rondo::prelude::*;
use serde::{Deserialize, Serialize};

/// What to scale down, and to what.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Album {
    /// The originals.
    pub images: Vec<Image>,
    /// No side of a thumbnail is longer than this.
    pub longest_side: u32,
}

/// An original.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Image {
    /// Its file.
    pub file: String,
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
}

/// One piece of work.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Job {
    /// What to scale down.
    pub image: Image,
    /// To what.
    pub longest_side: u32,
}

/// A small picture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Thumbnail {
    /// Its file.
    pub file: String,
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
}

/// What became of an album.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ContactSheet {
    /// In the order of the originals.
    pub thumbnails: Vec<Thumbnail>,
    /// Files that are no images.
    pub skipped: Vec<String>,
    /// Of all thumbnails together.
    pub pixels: u64,
}

async fn contact_sheet(ctx: Context, album: Album) -> Result<ContactSheet> {
    let Album { images, longest_side } = album;
    // Building a call does nothing yet; `join_all` polls them all, which schedules all of them in this turn.
    let calls = images.iter().map(|image| ctx.call(scale_down, Job { image: image.clone(), longest_side }));
    let results = join_all(calls).await;

    let mut sheet = ContactSheet { thumbnails: Vec::new(), skipped: Vec::new(), pixels: 0 };
    for (image, result) in images.into_iter().zip(results) {
        match result {
            Ok(thumbnail) => {
                sheet.pixels += u64::from(thumbnail.width) * u64::from(thumbnail.height);
                sheet.thumbnails.push(thumbnail);
            }
            Err(error) if error.kind() == "not-an-image" => sheet.skipped.push(image.file),
            Err(error) => return Err(error),
        }
    }
    Ok(sheet)
}

async fn scale_down(_: ActivityContext, job: Job) -> Result<Thumbnail> {
    let Job { image: Image { file, width, height }, longest_side } = job;
    let longest = width.max(height);
    if width == 0 || height == 0 {
        return Err(Error::new("not-an-image", format!("{file} has no pixels")).non_retriable());
    }
    let scale = |side: u32| {
        let scaled = u64::from(side) * u64::from(longest_side.min(longest)) / u64::from(longest);
        u32::try_from(scaled.max(1))
    };
    Ok(Thumbnail { file: format!("small/{file}"), width: scale(width)?, height: scale(height)? })
}

rondo::export! {
    orchestrations: [
        /// Makes thumbnails of all images of an album at once.
        contact_sheet,
    ],
    activities: [
        /// Makes one thumbnail.
        scale_down,
    ],
}

#[cfg(test)]
mod tests {
    use rondo::testing::{Harness, Run};

    use super::*;

    fn run(images: &[(&str, u32, u32)]) -> Run<ContactSheet> {
        let images =
            images.iter().map(|&(file, width, height)| Image { file: file.to_owned(), width, height }).collect();
        Harness::new(application()).run("contact_sheet", Album { images, longest_side: 100 })
    }

    #[test]
    fn all_are_scheduled_before_the_first_is_done() {
        let run = run(&[("a", 400, 200), ("b", 50, 100)]);
        let first_words: Vec<_> = run.log().iter().filter_map(|line| line.split(' ').next()).collect();
        assert_eq!(first_words, ["activity", "activity", "completed", "completed", "complete"]);
        assert_eq!(run.result().unwrap().pixels, 100 * 50 + 50 * 100);
    }

    #[test]
    fn a_file_that_is_no_image_is_skipped_and_the_others_are_not() {
        let run = run(&[("a", 400, 200), ("notes.txt", 0, 0)]);
        let sheet = run.result().unwrap();
        assert_eq!(sheet.thumbnails, [Thumbnail { file: "small/a".to_owned(), width: 100, height: 50 }]);
        assert_eq!(sheet.skipped, ["notes.txt"]);
    }
}
