//! Whatever goes wrong, one run in which nothing does makes it good: hundreds of stories of a pull request, each with
//! faults at any request, runs that die, two runs at once and people who answer; then one clean run, and nothing stands
//! twice, nothing is lost, and nothing is stale. The GitHub is that of the integration tests, without a connection, and
//! waits take no time.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails by panicking, and says what it did"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use clap::Parser;
use plimsoll::finding::Fingerprint;
use plimsoll::render::Target;
use plimsoll::render::review::{closed_at, markers};
use tokio::sync::Notify;
use tokio::time::Instant;

use self::fake_github::{FaultKind, REPOSITORY, State, Weather};
use crate::cli::{Cli, Color, Command};
use crate::event::{Environment, Request};
use crate::github::{GitHub, Headers, TestWire};
use crate::output::Output;
use crate::publish::{self, Begun, Published};
use crate::review::{Material, Voice, Wanted};

#[path = "../../../tests/it/fake_github.rs"]
mod fake_github;

/// How many stories are told.
const SEEDS: u64 = 500;

const SAFE: &str = "FROM debian:12\nRUN useradd --uid 10001 app\nWORKDIR /app\nUSER 10001\nCMD [\"/app/app.sh\"]\n";
const ROOT: &str = "FROM debian:12\nWORKDIR /app\nCMD [\"/app/app.sh\"]\n";
const BROKEN: &str = "FROM debian:12\nRUN useradd --uid 10001 app\nWORKDIR /app\nCOPPY app.sh .\nUSER 10001\n";

/// What Docker artifacts a commit may hold: each file is absent or one of these.
const FILES: [&str; 3] = ["Dockerfile", "api/Dockerfile", "web/Dockerfile"];
const TEXTS: [Option<&str>; 4] = [None, Some(SAFE), Some(ROOT), Some(BROKEN)];

/// SplitMix64 (<https://prng.di.unimi.it/splitmix64.c>).
#[derive(Clone)]
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn pick<'t, T>(&mut self, of: &'t [T]) -> &'t T {
        &of[usize::try_from(self.below(of.len() as u64)).unwrap()]
    }
}

/// One story.
struct Story {
    seed: u64,
    state: Arc<Mutex<State>>,
    random: Random,
    head: String,
    faults: Arc<AtomicUsize>,
}

/// What a clean run wanted to say.
struct WantedRemarks {
    fingerprints: BTreeSet<Fingerprint>,
    conclusion: &'static str,
}

impl Story {
    fn new(seed: u64) -> Self {
        let mut state = fake_github::memory();
        let base = state.commit(None, &[("Dockerfile", SAFE), ("web/Dockerfile", SAFE), ("app.sh", "")]);
        let head = state.commit(Some(&base), &[("Dockerfile", SAFE), ("web/Dockerfile", ROOT), ("app.sh", "")]);
        state.open(&base, &head);
        let mut random = Random(seed);
        state.hides_patches = random.below(4) == 0;
        state.refuses_files = random.below(4) == 0;
        state.may_hide = random.below(8) != 0;
        state.tells_author = random.below(8) != 0;
        let state = Arc::new(Mutex::new(state));
        let mut story = Self { seed, state, random, head, faults: Arc::default() };
        story.push();
        story
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Somebody pushes.
    fn push(&mut self) {
        let files: Vec<(&str, &str)> = FILES
            .iter()
            .filter_map(|path| Some((*path, (*self.random.pick(&TEXTS))?)))
            .chain([("app.sh", "")])
            .collect();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let head = state.commit(Some(&self.head), &files);
        state.pull_requests.get_mut(&1).unwrap().head.clone_from(&head);
        drop(state);
        self.head = head;
    }

    /// Somebody pushes while a run is at it: after so many turns of others.
    async fn pushed_after(&self, turns: Option<u64>) -> Option<String> {
        for _ in 0..turns? {
            tokio::task::yield_now().await;
        }
        let mut state = self.state();
        let head = state.commit(Some(&self.head), &[("Dockerfile", ROOT), ("api/Dockerfile", BROKEN), ("app.sh", "")]);
        state.pull_requests.get_mut(&1).unwrap().head.clone_from(&head);
        Some(head)
    }

    /// Somebody answers, resolves or hides a comment.
    fn people(&mut self) {
        let what = self.random.below(6);
        let at = self.random.next();
        let mut state = self.state();
        let login = state.login.clone();
        let pull_request = state.pull_requests.get_mut(&1).unwrap();
        let pending: Vec<u64> =
            pull_request.reviews.iter().filter(|review| review.state == "PENDING").map(|review| review.id).collect();
        let mut roots: Vec<_> = pull_request
            .comments
            .iter_mut()
            .filter(|comment| comment.in_reply_to.is_none() && comment.author == login)
            .filter(|comment| !pending.contains(&comment.review))
            .collect();
        if roots.is_empty() {
            return;
        }
        let at = usize::try_from(at % roots.len() as u64).unwrap();
        let root = &mut roots[at];
        match what {
            0 => root.resolved_by = Some("octo".to_owned()),
            1 => root.hidden = Some("off-topic".to_owned()),
            2 => {
                let id = root.id;
                let reply = fake_github::Comment {
                    id: 900_000 + at as u64,
                    author: "octo".to_owned(),
                    in_reply_to: Some(id),
                    body: "Why?".to_owned(),
                    ..root.clone()
                };
                pull_request.comments.push(reply);
            }
            _ => {}
        }
    }

    /// From now on, one request in `rarity` goes wrong.
    fn bad_weather(&mut self, rarity: u64) {
        let mut random = Random(self.random.next());
        let faults = Arc::clone(&self.faults);
        let weather = move |_: &str, _: &str| {
            if random.below(rarity) != 0 {
                return None;
            }
            faults.fetch_add(1, Ordering::Relaxed);
            let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
            Some(match random.below(12) {
                0 => FaultKind::Before(502, Vec::new()),
                1 => FaultKind::Before(500, Vec::new()),
                2 | 3 => FaultKind::After(502),
                4 | 5 => FaultKind::Cut,
                6 => FaultKind::Silence,
                7 => FaultKind::Garbage,
                8 => FaultKind::GarbageAfter,
                9 => FaultKind::Before(403, vec![("retry-after", "1".to_owned())]),
                10 => FaultKind::Before(
                    429,
                    vec![("x-ratelimit-remaining", "0".to_owned()), ("x-ratelimit-reset", (now + 5).to_string())],
                ),
                _ => FaultKind::Before(404, Vec::new()),
            })
        };
        self.state().weather = Some(Weather(Box::new(weather)));
    }

    /// One run of the program on the head as it is when the run begins; it dies at its `dies_at`-th request.
    async fn run(&self, dies_at: Option<usize>, takes_back: bool) -> Option<(Published, WantedRemarks)> {
        let request = self.request();
        let count = Arc::new(AtomicUsize::new(0));
        let death = Arc::new(Notify::new());
        let (state, counted, dying) = (Arc::clone(&self.state), Arc::clone(&count), Arc::clone(&death));
        let wire = TestWire(Arc::new(move |method, route, body| {
            if Some(counted.fetch_add(1, Ordering::Relaxed)) == dies_at {
                dying.notify_one();
            }
            let (status, headers, body) = fake_github::exchange(&state, method, route, body)?;
            let number = |name: &str| headers.iter().find(|(known, _)| *known == name)?.1.parse().ok();
            let headers = Headers {
                location: None,
                retry_after: number("retry-after"),
                remaining: number("x-ratelimit-remaining"),
                reset: number("x-ratelimit-reset"),
            };
            Some((status, headers, body))
        }));
        let github = GitHub::to_test(&request, wire, Instant::now() + Duration::from_secs(600));
        let Command::Review(arguments) = Cli::parse_from(["plimsoll", "review"]).command else { panic!("no review") };
        let wanted = Wanted::new(&arguments, &Environment::default()).ok()?;
        let output = Output::new(Color::Never);
        let material = tokio::select! {
            biased;
            () = death.notified() => return None,
            material = Material::read(&github, &request, &wanted, &output) => material.ok()?,
        };
        let report = material.judged();
        let target =
            Target { head: self.head_of(&request), repository_url: Some("https://github.com/octo/harbour".to_owned()) };
        let voice = Voice {
            report: &report,
            change: material.change(),
            target: &target,
            policy: material.policy(),
            topic: request.subject.topic(),
        };
        let make = |commented: &BTreeSet<Fingerprint>| voice.check_run(commented);
        let wishes = voice.wishes_for(&request, &make);
        let begun = Begun::default();
        let published = tokio::select! {
            biased;
            () = death.notified() => None,
            published = publish::publish(&github, &wishes, &begun) => Some(published),
        };
        if published.is_some() || takes_back {
            publish::withdraw(&github.within(Duration::from_secs(2)), &wishes, &begun).await;
        }
        let remarks = &wishes.review.as_ref()?.remarks;
        let fingerprints = remarks.iter().map(|remark| remark.fingerprint.clone()).collect();
        Some((published?, WantedRemarks { fingerprints, conclusion: report.conclusion.name() }))
    }

    fn request(&self) -> Request {
        let state = self.state();
        let pull_request = &state.pull_requests[&1];
        let payload = serde_json::json!({
            "pull_request": {
                "number": 1,
                "head": { "sha": pull_request.head, "ref": "branch", "repo": { "id": 1 } },
                "base": { "sha": pull_request.base, "ref": "main", "repo": { "id": 1 } },
            },
        });
        let environment = Environment::of(&[("GITHUB_REPOSITORY", REPOSITORY)]);
        Request::parse(&environment, "pull_request", payload.to_string().as_bytes()).unwrap()
    }

    fn head_of(&self, request: &Request) -> String {
        request.subject.head().unwrap().as_str().to_owned()
    }

    /// The whole story; says how many runs it had.
    async fn told(mut self) -> usize {
        let mut runs = 0;
        // Runs in bad weather.
        for _ in 0..2 + self.random.below(2) {
            let rarity = *self.random.pick(&[4, 8, 20, 60]);
            self.bad_weather(rarity);
            let dies_at = (self.random.below(3) == 0).then(|| usize::try_from(self.random.below(18)).unwrap());
            let takes_back = self.random.below(2) == 0;
            let pushed = (self.random.below(3) == 0).then(|| self.random.below(60));
            if self.random.below(3) == 0 {
                let (_, _, head) =
                    tokio::join!(self.run(dies_at, takes_back), self.run(None, true), self.pushed_after(pushed));
                self.head = head.unwrap_or(self.head);
                runs += 2;
            } else {
                self.run(dies_at, takes_back).await;
                runs += 1;
            }
            self.state().weather = None;
            self.people();
            if self.random.below(2) == 0 {
                self.push();
            }
        }
        let (published, wanted) =
            self.run(None, true).await.unwrap_or_else(|| panic!("seed {}: no clean run", self.seed));
        self.check(&published, &wanted);
        self.state().asked.clear();
        self.run(None, true).await.unwrap();
        let asked = std::mem::take(&mut self.state().asked);
        let writes: Vec<&String> =
            asked.iter().filter(|line| !line.starts_with("GET ") && !line.ends_with("graphql query")).collect();
        assert!(writes.is_empty(), "seed {}: the second clean run wrote {writes:?}", self.seed);
        runs + 2
    }

    /// After a clean run nothing stands twice, nothing is lost, nothing is stale.
    fn check(&self, published: &Published, wanted: &WantedRemarks) {
        let (seed, state) = (self.seed, self.state());
        let pull_request = &state.pull_requests[&1];
        let pending = pull_request.reviews.iter().filter(|review| review.state == "PENDING").count();
        assert_eq!(pending, 0, "seed {seed}: a pending review, {published:?}");
        let mut open: BTreeMap<Fingerprint, usize> = BTreeMap::new();
        let mut ended: BTreeSet<Fingerprint> = BTreeSet::new();
        for root in pull_request.comments.iter().filter(|comment| comment.in_reply_to.is_none()) {
            let by_person = root.resolved_by.is_some() || (root.hidden.is_some() && closed_at(&root.body).is_none());
            for fingerprint in markers(&root.body) {
                if by_person {
                    ended.insert(fingerprint);
                } else if closed_at(&root.body).is_none() {
                    *open.entry(fingerprint).or_default() += 1;
                }
            }
        }
        for (fingerprint, count) in &open {
            assert_eq!(
                *count, 1,
                "seed {seed}: {fingerprint:?} has {count} open comments: {:#?}",
                pull_request.comments
            );
            assert!(
                wanted.fingerprints.contains(fingerprint),
                "seed {seed}: {fingerprint:?} is gone and has a comment: {published:?} {:#?} {:#?}",
                pull_request.comments,
                state.asked
            );
        }
        let in_bodies: BTreeSet<Fingerprint> =
            pull_request.reviews.iter().flat_map(|review| markers(&review.body)).collect();
        for fingerprint in &wanted.fingerprints {
            let said = open.contains_key(fingerprint) || ended.contains(fingerprint) || in_bodies.contains(fingerprint);
            assert!(said, "seed {seed}: {fingerprint:?} is lost: {published:?} {:#?}", pull_request.comments);
        }
        let mut replies: BTreeSet<(Option<u64>, &str)> = BTreeSet::new();
        for reply in
            pull_request.comments.iter().filter(|reply| reply.in_reply_to.is_some() && reply.author == state.login)
        {
            let once = replies.insert((reply.in_reply_to, reply.body.as_str()));
            assert!(once, "seed {seed}: the same reply twice: {:#?}", pull_request.comments);
        }
        let runs: Vec<_> = state.check_runs.iter().filter(|run| run.head == self.head).collect();
        let stands: Vec<_> = runs.iter().filter(|run| !run.external_id.ends_with(":superseded")).collect();
        assert_eq!(stands.len(), 1, "seed {seed}: check runs {runs:#?}");
        for run in &runs {
            let told = (run.status.as_str(), run.conclusion.as_deref());
            assert_eq!(told, ("completed", Some(wanted.conclusion)), "seed {seed}: {run:#?}");
        }
    }
}

#[test]
fn one_clean_run_makes_good_whatever_went_wrong() {
    let began = std::time::Instant::now();
    let first: u64 = std::env::var("PLIMSOLL_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(0);
    let (runs, faults) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let next = AtomicU64::new(first);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + SEEDS {
                        return;
                    }
                    let runtime =
                        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
                    let story = Story::new(seed);
                    let counted = Arc::clone(&story.faults);
                    runs.fetch_add(runtime.unwrap().block_on(story.told()), Ordering::Relaxed);
                    faults.fetch_add(counted.load(Ordering::Relaxed), Ordering::Relaxed);
                }
            });
        }
    });
    let (runs, faults) = (runs.into_inner(), faults.into_inner());
    eprintln!("seeds {first}..{}: {runs} runs, {faults} faults, {:?}", first + SEEDS, began.elapsed());
    assert!(faults > 1_000, "the weather was fine");
}
