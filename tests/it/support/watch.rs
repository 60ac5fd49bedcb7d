//! The memory of a daemon and of the workers it starts, watched from outside.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

/// A line of what the kernel tells of a process, in bytes; none once it is gone.
fn told(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    Some(line.trim_start_matches(':').trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024)
}

/// The most memory that a process ever had, and how much of that is its own: a debug build's program file alone, of which
/// the kernel keeps what it likes, is half a gigabyte.
fn peak(pid: u32) -> Option<(u64, u64)> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let (most, of_files) = (told(&status, "VmHWM")?, told(&status, "RssFile")?);
    Some((most, most.saturating_sub(of_files)))
}

/// The most memory that a running process ever had, in MB.
pub fn most_memory(pid: u32) -> u64 {
    peak(pid).unwrap().0 / 1_000_000
}

/// The most that it had beside its program's file, in MB.
pub fn own_memory(pid: u32) -> u64 {
    peak(pid).unwrap().1 / 1_000_000
}

/// Looks at the children of a process all the time: the kernel keeps each one's peak while it lives.
pub struct Watch {
    ends: Arc<AtomicBool>,
    most: Arc<AtomicU64>,
    looking: Option<JoinHandle<()>>,
}

impl Watch {
    pub fn of(pid: u32) -> Self {
        let (ends, most) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (until, seen) = (Arc::clone(&ends), Arc::clone(&most));
        let looking = thread::spawn(move || {
            while !until.load(Ordering::Relaxed) {
                for child in children(pid) {
                    seen.fetch_max(peak(child).map_or(0, |(_, own)| own), Ordering::Relaxed);
                }
                thread::sleep(Duration::from_millis(2));
            }
        });
        Self { ends, most, looking: Some(looking) }
    }

    /// The most memory that any child was seen to have had beside its program's file, in MB.
    pub fn most_of_a_worker(&self) -> u64 {
        self.most.load(Ordering::Relaxed) / 1_000_000
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
        if let Some(looking) = self.looking.take() {
            let _ = looking.join();
        }
    }
}

fn children(pid: u32) -> Vec<u32> {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else { return Vec::new() };
    let listed = threads.flatten().filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
    listed.flat_map(|list| list.split_whitespace().map(|child| child.parse().unwrap()).collect::<Vec<_>>()).collect()
}
