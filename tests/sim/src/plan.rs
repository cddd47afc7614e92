//! What a seed stands for: hosts, faults and work, all drawn before anything runs.

mod strangers;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;

use crate::program::Program;
use crate::program::generate::{self, Features};

/// What keeps the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Backend {
    /// One process with the reference backend; a crash takes all of it.
    Memory,
    /// Several hosts on an account of Azure Storage.
    Azure,
}

/// How hosts come to own partitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owning {
    /// By leases.
    Leases,
    /// Everybody believes to own everything, but now and then a host loses it all for a while.
    Fickle,
}

/// How likely each fault is at a request, of 10,000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Rates {
    /// It does not reach the service.
    pub(crate) refuse: u16,
    /// The service is busy.
    pub(crate) throttle: u16,
    /// It is carried out and its answer is lost.
    pub(crate) lose_reply: u16,
    /// Its answer is lost, and it is carried out later.
    pub(crate) late: u16,
    /// It takes long.
    pub(crate) slow: u16,
    /// A message is put twice.
    pub(crate) duplicate: u16,
    /// A message shows up late, so that others overtake it.
    pub(crate) reorder: u16,
}

/// Something that happens to hosts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Mishap {
    /// The host dies at its n-th change from now on, before or after it is carried out, and is started again later.
    Crash { host: usize, change: u32, is_after: bool, down: Duration },
    /// No request of the host gets anywhere for a while, from its n-th change on; it does not know.
    Stall { host: usize, change: u32, is_after: bool, time: Duration },
    /// The host is shut down in good order and started again later.
    Restart { host: usize, down: Duration },
    /// Nobody reaches storage for a while.
    Outage { time: Duration },
    /// A partition's row says that somebody else owns it.
    Theft { partition: u8 },
    /// The host loses its partitions for a while.
    Away { host: usize, time: Duration, is_noticed: bool },
}

/// What a client does with one id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Script {
    pub(crate) instance: String,
    pub(crate) lives: Vec<Life>,
}

/// Who does something to an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    /// A client of Rondo.
    Rondo,
    /// A client of DurableTask for .NET.
    DotNet,
}

/// What becomes of children that have failed before their parent is rewound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spoiling {
    Purged,
    /// Their ids are given to instances that know nothing of the parent.
    Replaced(By),
}

/// A message that controls an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Control {
    Terminate,
    Suspend,
    Resume,
    Rewind,
    Raise,
}

/// From a start to an end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Life {
    pub(crate) program: String,
    /// Before the start.
    pub(crate) pause: Duration,
    /// Counted from when it was asked for.
    pub(crate) scheduled_start: Option<Duration>,
    pub(crate) input_bytes: usize,
    /// What is done meanwhile, by the time since the start.
    pub(crate) deeds: Vec<(Duration, Deed)>,
    /// Whether it is purged at its end; otherwise the next start replaces it.
    pub(crate) is_purged: bool,
    pub(crate) creator: By,
    /// Nobody waits for its end: the next life begins so long after its start.
    pub(crate) cut_short: Option<Duration>,
    pub(crate) rewinder: By,
    /// What is done to children that have failed before it is rewound.
    pub(crate) spoiling: Option<Spoiling>,
    /// Started through the backend of this host, if it is up; otherwise through one that runs nothing.
    pub(crate) through: Option<usize>,
}

/// Something that a client does to an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Deed {
    Raise {
        name: String,
        bytes: usize,
    },
    Suspend {
        time: Duration,
    },
    Terminate {
        recurse: bool,
    },
    /// By a client of DurableTask, whose message is for whichever runs.
    TerminateAny,
    /// Raises many events at once.
    Burst {
        name: String,
        count: u32,
    },
    /// A message for this execution that is under way for so long, whatever has its id by then.
    Late {
        control: Control,
        after: Duration,
    },
    /// A message for the life before.
    Earlier {
        control: Control,
    },
    /// Pins it to what it is pinned to: whoever has it in hand finds that somebody else was there.
    Release,
}

/// Everything that a seed decides.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) backend: Backend,
    pub(crate) hosts: Vec<HostPlan>,
    pub(crate) partitions: u8,
    pub(crate) owning: Owning,
    pub(crate) rates: Rates,
    /// By the time at which each begins.
    pub(crate) mishaps: Vec<(Duration, Mishap)>,
    /// When faults end.
    pub(crate) chaos: Duration,
    pub(crate) programs: BTreeMap<String, Arc<Program>>,
    pub(crate) scripts: Vec<Script>,
    /// When the second edition of the component is deployed.
    pub(crate) second_edition_at: Option<Duration>,
}

/// One host.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HostPlan {
    pub(crate) skew_ms: i64,
    pub(crate) warm_bytes_max: usize,
    pub(crate) activities_max: usize,
    pub(crate) shards: usize,
    /// How long it takes to notice a deployment.
    pub(crate) deployment_lag: Duration,
}

impl Plan {
    /// What the seed says, on that backend, for clients of our own or for strangers as well.
    pub(crate) fn draw(seed: u64, backend: Backend, strangers: bool) -> Self {
        let mut rng = Rng::with_seed(seed);
        let rng = &mut rng;
        let features = Features::draw(rng);
        let programs = generate::programs(rng, features);
        let hosts_max = if backend == Backend::Azure { 4 } else { 3 };
        let hosts: Vec<HostPlan> = (0..rng.usize(1..hosts_max)).map(|_| HostPlan::draw(rng, backend)).collect();
        let chaos = Duration::from_secs(rng.u64(60..400));
        let partitions = rng.u8(1..5);
        let owning = if rng.u8(..3) == 0 { Owning::Fickle } else { Owning::Leases };
        let scripts = (0..rng.usize(1..7)).map(|number| Script::draw(rng, number, &programs, hosts.len())).collect();
        let mishaps = mishaps(rng, chaos, hosts.len(), partitions);
        let second_edition_at = rng.bool().then(|| Duration::from_secs(rng.u64(5..300)));
        let rates = Rates::draw(rng);
        let mut plan =
            Self { backend, hosts, partitions, owning, rates, mishaps, chaos, programs, scripts, second_edition_at };
        if strangers {
            strangers::invite(&mut plan, seed);
        }
        plan
    }
}

impl Rates {
    fn draw(rng: &mut Rng) -> Self {
        // A fault is either of no interest to a run, or rare, or frequent.
        let mut rate = || [0, 0, 20, 100, 500][rng.usize(..5)];
        Self {
            refuse: rate(),
            throttle: rate(),
            lose_reply: rate(),
            late: rate() / 2,
            slow: rate(),
            duplicate: rate(),
            reorder: rate(),
        }
    }
}

impl HostPlan {
    fn draw(rng: &mut Rng, backend: Backend) -> Self {
        let skew_ms = if rng.bool() { 0 } else { rng.i64(-20_000..20_000) };
        Self {
            // One process has one clock.
            skew_ms: if backend == Backend::Memory { 0 } else { skew_ms },
            warm_bytes_max: [0, 20_000, 1 << 24][rng.usize(..3)],
            activities_max: [1, 3, 64][rng.usize(..3)],
            shards: rng.usize(1..3),
            deployment_lag: Duration::from_secs(rng.u64(0..20)),
        }
    }
}

impl Script {
    fn draw(rng: &mut Rng, number: usize, programs: &BTreeMap<String, Arc<Program>>, hosts: usize) -> Self {
        let lives = [1, 1, 1, 2, 3][rng.usize(..5)];
        let lives = (0..lives).map(|_| Life::draw(rng, programs, hosts)).collect();
        Self { instance: format!("i{number}"), lives }
    }
}

impl Life {
    fn draw(rng: &mut Rng, programs: &BTreeMap<String, Arc<Program>>, hosts: usize) -> Self {
        let (name, program) = programs.iter().nth(rng.usize(..programs.len())).expect("there are always programs");
        let mut deeds = Vec::new();
        let seconds = |rng: &mut Rng, max: u64| Duration::from_millis(rng.u64(0..max * 1_000));
        for event in generate::events(program) {
            let bytes = if rng.u8(..20) == 0 { 50_000 } else { 0 };
            let event = Deed::Raise { name: event.to_owned(), bytes };
            deeds.push((seconds(rng, 90), event));
        }
        for _ in 0..[0, 0, 1, 3][rng.usize(..4)] {
            deeds.push((seconds(rng, 90), Deed::Raise { name: "unwanted".to_owned(), bytes: 0 }));
        }
        if rng.u8(..4) == 0 {
            let time = seconds(rng, 60);
            deeds.push((seconds(rng, 60), Deed::Suspend { time }));
        }
        if rng.u8(..8) == 0 {
            deeds.push((seconds(rng, 120), Deed::Terminate { recurse: rng.bool() }));
        }
        if rng.u8(..8) == 0 {
            let at = seconds(rng, 120);
            // A generation may begin with another component between the look at the row and the release.
            if program.generations == 1 {
                deeds.push((at, Deed::Release));
            }
        }
        deeds.sort_by_key(|(at, _)| *at);
        Self {
            program: name.clone(),
            pause: seconds(rng, 30),
            scheduled_start: (rng.u8(..6) == 0).then(|| seconds(rng, 100)),
            input_bytes: if rng.u8(..8) == 0 { 40_000 } else { 0 },
            deeds,
            is_purged: rng.bool(),
            creator: By::Rondo,
            cut_short: None,
            rewinder: By::Rondo,
            spoiling: None,
            through: rng.bool().then(|| rng.usize(..hosts)),
        }
    }
}

fn mishaps(rng: &mut Rng, chaos: Duration, hosts: usize, partitions: u8) -> Vec<(Duration, Mishap)> {
    let count = [0, 2, 5, 10][rng.usize(..4)];
    let mut mishaps: Vec<(Duration, Mishap)> = (0..count)
        .map(|_| {
            let at = Duration::from_millis(rng.u64(..u64::try_from(chaos.as_millis()).unwrap_or(u64::MAX)));
            let (host, change, is_after) = (rng.usize(..hosts), rng.u32(1..12), rng.bool());
            let time = Duration::from_millis(
                [rng.u64(1..2_000), rng.u64(1_000..40_000), rng.u64(20_000..180_000)][rng.usize(..3)],
            );
            let mishap = match rng.u8(..12) {
                0..4 => Mishap::Crash { host, change, is_after, down: time / 2 },
                4..7 => Mishap::Stall { host, change, is_after, time },
                7 => Mishap::Restart { host, down: time / 4 },
                8 => Mishap::Outage { time: time / 2 },
                9 | 10 => Mishap::Theft { partition: rng.u8(..partitions) },
                _ => Mishap::Away { host, time, is_noticed: rng.bool() },
            };
            (at, mishap)
        })
        .collect();
    mishaps.sort_by_key(|(at, _)| *at);
    mishaps
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Memory => "memory",
            Self::Azure => "azure",
        })
    }
}

impl Backend {
    /// What a seed runs on if nobody says otherwise: one of four on memory.
    pub fn of(seed: u64) -> Self {
        if seed.is_multiple_of(4) { Self::Memory } else { Self::Azure }
    }
}
