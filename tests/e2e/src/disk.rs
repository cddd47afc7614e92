//! A disk of a few megabytes that can be filled up and freed again under a running server.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};

/// How the disk becomes full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Means {
    /// It is one of its own, in memory, and a file takes all that is left: ENOSPC, as in life.
    Mounted,
    /// Nobody may mount here: the processes on it may write no file any more (RLIMIT_FSIZE). The error is another,
    /// EFBIG, so this is the second best.
    Limited,
}

/// A folder whose disk can be filled. Unmounted, with all that is in it, when dropped.
#[derive(Debug)]
pub struct SmallDisk {
    folder: PathBuf,
    means: Means,
}

impl SmallDisk {
    /// The file that takes the room.
    pub const BALLAST: &str = "ballast";

    /// Makes one of `mebibytes` at a folder, which is made if need be.
    pub fn new(folder: &Path, mebibytes: u32) -> Result<Self> {
        fs::create_dir_all(folder).context("making the folder of a small disk")?;
        let size = format!("size={mebibytes}m");
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
            .arg(folder)
            .stderr(Stdio::null())
            .status();
        let is_mounted = mount.is_ok_and(|status| status.success());
        let means = if is_mounted { Means::Mounted } else { Means::Limited };
        Ok(Self { folder: folder.to_owned(), means })
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// How it becomes full, in words.
    pub fn means(&self) -> &'static str {
        match self.means {
            Means::Mounted => "a small tmpfs, filled up",
            Means::Limited => "a file-size limit of 0, because nothing can be mounted here",
        }
    }

    /// Leaves no room to the process `pid`, which must be one that runs on it.
    pub fn fill(&self, pid: u32) -> Result<()> {
        match self.means {
            Means::Mounted => fill_up(&self.ballast()),
            Means::Limited => limit(pid, "0"),
        }
    }

    /// Gives the room back.
    pub fn free(&self, pid: u32) -> Result<()> {
        match self.means {
            Means::Mounted => match fs::remove_file(self.ballast()) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error).context("freeing a small disk"),
                _ => Ok(()),
            },
            // A process that has ended meanwhile has no limit to be lifted.
            Means::Limited => {
                let _ = limit(pid, "unlimited");
                Ok(())
            }
        }
    }

    fn ballast(&self) -> PathBuf {
        self.folder.join(Self::BALLAST)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        if self.means == Means::Mounted {
            // Lazily: a process that is still ending may have files open.
            let _ = Command::new("umount").arg("--lazy").arg(&self.folder).status();
        }
    }
}

/// Writes until there is no room for another byte.
fn fill_up(path: &Path) -> Result<()> {
    let mut file = File::options().create(true).append(true).open(path).context("filling a small disk")?;
    let block = vec![0_u8; 64 * 1024];
    let mut length = block.len();
    while length > 0 {
        match file.write(&block[..length]) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::StorageFull => length /= 2,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error).context("filling a small disk"),
        }
    }
    Ok(())
}

fn limit(pid: u32, bytes: &str) -> Result<()> {
    // The soft limit alone: whoever lowers the hard one may not be able to raise it.
    let limit = format!("--fsize={bytes}:");
    let status = Command::new("prlimit").args(["--pid", &pid.to_string(), &limit]).stderr(Stdio::null()).status();
    ensure!(status.context("starting `prlimit`")?.success(), "limiting the files of process {pid} failed");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_that_was_filled_takes_no_byte_and_one_that_was_freed_does() {
        let folder = tempfile::tempdir().unwrap();
        let disk = SmallDisk::new(&folder.path().join("disk"), 1).unwrap();
        let mut writer = Command::new("sh");
        // A writer that tells by its exit code whether there was room when it was told to go on.
        writer.args(["-c", "trap '' XFSZ; read go; echo hello 2>/dev/null > file"]);
        let attempt = |disk: &SmallDisk, is_full: bool| {
            let mut child = Command::new(writer.get_program())
                .args(writer.get_args())
                .current_dir(disk.folder())
                .stdin(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            if is_full {
                disk.fill(child.id()).unwrap();
            } else {
                disk.free(child.id()).unwrap();
            }
            child.stdin.take().unwrap().write_all(b"go\n").unwrap();
            child.wait().unwrap().success()
        };
        assert!(!attempt(&disk, true), "{}", disk.means());
        assert!(attempt(&disk, false), "{}", disk.means());
    }
}
