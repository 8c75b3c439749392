//! `plimsoll review`: from an event to a review.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use plimsoll::finding::Fingerprint;
use plimsoll::hunks::Change;
use plimsoll::judge::judge;
use plimsoll::plan::{Plan, Standing, Step, ThreadStep};
use plimsoll::render::check_run::{Annotation, CheckRun, check_run};
use plimsoll::render::escape::{log_line, log_text};
use plimsoll::render::review::review as render_review;
use plimsoll::render::summary::summary;
use plimsoll::render::tracking::issue as render_tracking;
use plimsoll::render::words::{self, Counts};
use plimsoll::render::{Target, annotations, json};
use plimsoll::report::{Conclusion, PlacedGap, Report};
use plimsoll::settings::TrustIgnores;
use plimsoll::{baseline, settings};
use tokio::time::{Instant, timeout};

use crate::check;
use crate::cli::{Others, Review, SettingsFlags};
use crate::event::{Environment, Request, Subject, Typed};
use crate::github::{Failure, GitHub, Token};
use crate::issues::Issues;
use crate::mistake::{Mistake, Result};
use crate::others::{self, Imports};
use crate::output::Output;
use crate::policy::{self, Policy, Written};
use crate::publish::{self, Begun, Published, Wishes};
use crate::remote::{self, Blobs, Comparison, Tree};
use crate::resolve;
use crate::runner;
use crate::signals::Signals;
use crate::source::Place;
use crate::tracking;

/// How long a run may take. A job's own limit is six hours, which nobody wants to wait for.
const DEFAULT_TIMEOUT: u64 = 600;

/// What is kept of that for taking back what is not finished.
const WITHDRAWAL: Duration = Duration::from_secs(1);

/// How long taking back may take: the runner ends a job two and a half seconds after SIGTERM.
const WITHDRAWAL_LIMIT: Duration = Duration::from_millis(1_500);

/// How long what is being posted may go on after SIGINT: SIGTERM follows seven and a half seconds later.
const TO_FINISH: Duration = Duration::from_secs(5);

/// Reviews what the runner's event, or the two folders, say.
pub(crate) fn review(arguments: &Review, output: &Output) -> Result<ExitCode> {
    if let (Some(base), Some(head)) = (&arguments.base, &arguments.head) {
        return offline(arguments, base, head, output);
    }
    let environment = Environment::of_process();
    let wanted = Wanted::new(arguments, &environment)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Mistake::new(format!("the runtime does not start: {error}"), "try again"))?;
    let signals = Signals::listen();
    runtime.block_on(online(wanted, &environment, &signals, output))
}

/// The flags and inputs together; flags win.
pub(crate) struct Wanted {
    dry_run: bool,
    comment: Option<bool>,
    check_name: Option<String>,
    timeout: Duration,
    resolve: bool,
    tracking: bool,
    settings: SettingsFlags,
    others: Others,
    imports: Imports,
}

impl Wanted {
    pub(crate) fn new(arguments: &Review, environment: &Environment) -> Result<Self> {
        let mut settings = arguments.settings.clone();
        settings.fail_on = settings.fail_on.or_else(|| environment.input("fail-on").map(str::to_owned));
        settings.date = settings.date.or_else(|| environment.input("date").map(str::to_owned));
        settings.config = settings.config.or_else(|| environment.input("config").map(PathBuf::from));
        if settings.rules.is_empty() {
            let rules = environment.input("rule").unwrap_or_default();
            settings.rules = rules.split_whitespace().map(str::to_owned).collect();
        }
        let boolean = |name: &str| match environment.input(name) {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(other) => Err(Mistake::new(format!("the input {name} is {other:?}"), "give true or false")),
        };
        let seconds = match environment.input("timeout").map(str::parse::<u64>) {
            None => None,
            Some(Ok(seconds)) => Some(seconds),
            Some(Err(_)) => return Err(Mistake::new("the input timeout is no number", "give seconds, such as 600")),
        };
        let mut others = arguments.others.clone();
        if others.import.is_empty() {
            let files = environment.input("import").unwrap_or_default().lines();
            others.import = files.map(str::trim).filter(|file| !file.is_empty()).map(PathBuf::from).collect();
        }
        others.sarif_file = others.sarif_file.or_else(|| environment.input("sarif-file").map(PathBuf::from));
        let imports = Imports::read(&others)?;
        Ok(Self {
            others,
            imports,
            dry_run: arguments.dry_run || boolean("dry-run")?.unwrap_or(false),
            comment: arguments.comment.map_or_else(|| boolean("comment"), |comment| Ok(Some(comment)))?,
            check_name: arguments.check_name.clone().or_else(|| environment.input("check-name").map(str::to_owned)),
            timeout: Duration::from_secs(arguments.timeout.or(seconds).unwrap_or(DEFAULT_TIMEOUT)),
            resolve: arguments
                .resolve_threads
                .map_or_else(|| boolean("resolve-threads"), |resolve| Ok(Some(resolve)))?
                .unwrap_or(false),
            tracking: arguments
                .tracking_issue
                .map_or_else(|| boolean("tracking-issue"), |tracking| Ok(Some(tracking)))?
                .unwrap_or(false),
            settings,
        })
    }

    /// The settings say how, the flags and inputs have the last word.
    fn apply(&self, policy: &mut Policy) {
        if let Some(comment) = self.comment {
            policy.settings.comment = comment;
        }
        if let Some(name) = &self.check_name {
            policy.settings.check_name.clone_from(name);
        }
    }

    /// What was typed in when the workflow was started by hand comes after the flags and inputs.
    fn add(&mut self, typed: &Typed) {
        self.settings.fail_on = self.settings.fail_on.take().or_else(|| typed.fail_on.clone());
    }
}

/// Two folders, nothing posted.
fn offline(arguments: &Review, base: &std::path::Path, head: &std::path::Path, output: &Output) -> Result<ExitCode> {
    let wanted = Wanted::new(arguments, &Environment::default())?;
    let mut before = Place::find(base)?.folder()?;
    before.snapshot.revision = base.display().to_string();
    let mut after = Place::find(head)?.folder()?;
    after.snapshot.revision = head.display().to_string();
    let mut policy = check::policy_of(&mut before, &wanted.settings, output)?;
    wanted.apply(&mut policy);
    before.fill(&policy.settings);
    after.fill(&policy.settings);
    let change = Change::between(&before.snapshot, &after.snapshot);
    let accepted = &policy.baseline.accepted;
    let mut report = judge(Some(&before.snapshot), &after.snapshot, &change, &policy.settings, accepted);
    wanted.imports.add_to(&mut report, &change, policy.settings.fail_on, accepted);
    others::write(&wanted.others, &report)?;
    let target = Target { head: after.snapshot.revision.clone(), repository_url: None };
    let voice =
        Voice { report: &report, change: &change, target: &target, policy: &policy, topic: "offline".to_owned() };
    let mut standing = Standing::default();
    standing.pull_request.get_or_insert_default().open = true;
    standing.pull_request.get_or_insert_default().head.clone_from(&target.head);
    let make = |commented: &BTreeSet<Fingerprint>| voice.check_run(commented);
    let wishes = Wishes { pull_request: Some(0), review: voice.review(), ..voice.wishes(&make) };
    let plan = publish::planned(&wishes, &standing);
    let written = output.document(&log_text(&described(&plan)));
    Ok(verdict(&report, written))
}

/// Asks GitHub, judges, and posts.
async fn online(mut wanted: Wanted, environment: &Environment, signals: &Signals, output: &Output) -> Result<ExitCode> {
    let mut request = Request::read(environment)?;
    if let Subject::Nothing(why) = request.subject {
        output.complain(&format!("{why}\n"));
        return Ok(ExitCode::SUCCESS);
    }
    wanted.add(&request.typed);
    let token = environment.input("token").or_else(|| environment.get("GITHUB_TOKEN"));
    let Some(token) = token else {
        return Err(Mistake::new(
            "there is no token to read the pull request with",
            "leave the input `token` at its default, or set GITHUB_TOKEN",
        ));
    };
    let token = Token::parse(token).ok_or_else(|| {
        Mistake::new("the token holds characters that no token has", "check the secret for line breaks and blanks")
    })?;
    // Some of the time is kept for taking back what is not finished by then.
    let github = GitHub::new(&request, &token, Instant::now() + wanted.timeout.saturating_sub(WITHDRAWAL))?;
    let (subject, note) =
        resolve::subject(&github, &request).await.map_err(|failure| unresolved(&request, &failure))?;
    request.subject = subject;
    let Some(head_commit) = request.subject.head().cloned() else {
        let Subject::Nothing(why) = request.subject else { return Ok(ExitCode::SUCCESS) };
        output.complain(&format!("{why}\n"));
        return Ok(ExitCode::SUCCESS);
    };

    let material = Material::read(&github, &request, &wanted, output).await?;
    let mut report = material.judged();
    report.gaps.extend(material.unread.iter().cloned());
    let (change, policy) = (&material.change, &material.policy);
    wanted.imports.add_to(&mut report, change, policy.settings.fail_on, &policy.baseline.accepted);
    if let Err(mistake) = others::write(&wanted.others, &report) {
        output.complain(&mistake.text());
    }
    let target = Target {
        head: head_commit.as_str().to_owned(),
        repository_url: Some(format!("{}/{}", request.server_url, request.repository.as_str())),
    };
    let voice = Voice { report: &report, change, target: &target, policy, topic: request.subject.topic() };
    let make = |commented: &BTreeSet<Fingerprint>| voice.check_run(commented);
    let wishes = Wishes { resolve: wanted.resolve, ..voice.wishes_for(&request, &make) };
    let is_audit = matches!(request.subject, Subject::Audit { .. });
    let tracked = (wanted.tracking && is_audit).then(|| render_tracking(&report, &target));
    if wanted.dry_run {
        let standing = publish::standing(&github, &wishes).await.map_err(|failure| unreachable(&request, &failure))?;
        let mut text = described(&publish::planned(&wishes, &standing));
        if let Some(tracked) = &tracked {
            let step = tracking::planned(&github, tracked).await.map_err(|failure| unreachable(&request, &failure))?;
            text.push_str(&format!("\n{}", tracking::described(step.as_ref())));
        }
        let written = output.document(&log_text(&text));
        return Ok(verdict(&report, written));
    }
    let begun = Begun::default();
    // From here on a signal does not simply end the program.
    signals.hold();
    let posting = async {
        let mut published = publish::publish(&github, &wishes, &begun).await;
        if let Some(tracked) = &tracked {
            published.notes.extend(tracking::track(&github, tracked).await);
        }
        published
    };
    let published = tokio::select! {
        published = posting => Some(published),
        () = signals.must_end(TO_FINISH) => None,
    };
    // Nothing where everything came to its end.
    let _ = timeout(WITHDRAWAL_LIMIT, publish::withdraw(&github.within(WITHDRAWAL_LIMIT), &wishes, &begun)).await;
    let Some(mut published) = published else {
        return Err(Mistake::new("the run was cancelled", "run it again; what it had begun to post was taken back"));
    };
    published.notes.extend(note);
    Ok(verdict(&report, tell(&report, &target, &published, environment, output)))
}

/// What is judged, and by what.
pub(crate) struct Material {
    base: Option<Tree>,
    head: Tree,
    change: Change,
    policy: Policy,
    /// What of the issues could not be read.
    unread: Vec<PlacedGap>,
}

impl Material {
    pub(crate) fn judged(&self) -> Report<'_> {
        let base = self.base.as_ref().map(|tree| &tree.snapshot);
        judge(base, &self.head.snapshot, &self.change, &self.policy.settings, &self.policy.baseline.accepted)
    }

    #[cfg(test)]
    pub(crate) fn change(&self) -> &Change {
        &self.change
    }

    #[cfg(test)]
    pub(crate) fn policy(&self) -> &Policy {
        &self.policy
    }

    pub(crate) async fn read(github: &GitHub, request: &Request, wanted: &Wanted, output: &Output) -> Result<Self> {
        let failed = |failure: Failure| unreachable(request, &failure);
        let mut comparison = None;
        let (mut base, mut head) = match &request.subject {
            Subject::PullRequest(pull_request) => {
                let compared =
                    Comparison::read(github, &pull_request.base, &pull_request.head).await.map_err(failed)?;
                let base = Tree::read(github, compared.merge_base.as_str()).await.map_err(failed)?;
                comparison = Some((pull_request.number, compared));
                (Some(base), Tree::read(github, pull_request.head.as_str()).await.map_err(failed)?)
            }
            Subject::Change { base, head, .. } => {
                // After a forced push GitHub may not have the old commit any more: then everything is new.
                let base = match Tree::read(github, base.as_str()).await {
                    Err(failure) if failure.is_not_found() => None,
                    other => Some(other.map_err(failed)?),
                };
                (base, Tree::read(github, head.as_str()).await.map_err(failed)?)
            }
            Subject::Audit { head } => (None, Tree::read(github, head.as_str()).await.map_err(failed)?),
            Subject::AuditOf { .. } | Subject::AfterWorkflow { .. } | Subject::Nothing(_) => {
                return Err(Mistake::new("there is nothing to judge", "run it on another event"));
            }
        };
        let mut change = base.as_ref().map(|base| remote::change(base, &head)).unwrap_or_default();
        if let Some((number, comparison)) = comparison {
            change = remote::shown(github, number, comparison, change).await.map_err(failed)?;
        }
        let mut blobs = Blobs::new(github, request);
        // The base's, where there is one: a change does not loosen its own judgement.
        let side = base.as_mut().unwrap_or(&mut head);
        // Never from the workspace: what lies there may come from the pull request.
        let config = wanted.settings.config.as_ref().map(|path| path.to_string_lossy().into_owned());
        let config = config.as_deref().map(|path| path.trim_start_matches("./"));
        let candidates: Vec<&str> = config.map_or_else(|| settings::PATHS.to_vec(), |path| vec![path]);
        let own: Vec<&str> = candidates.iter().copied().chain([baseline::PATH]).collect();
        let texts = side.texts(&own, &mut blobs).await.map_err(failed)?;
        let written = |path: &str| -> Option<Written> { Some((path.to_owned(), texts.get(path)?.clone())) };
        let settings_file = candidates.iter().find_map(|path| written(path));
        if let (Some(path), None) = (config, &settings_file) {
            let what = format!("the settings file {path:?} is not in {}", side.snapshot.revision);
            let help = "give its path from the root of the repository, as it is at the base revision";
            return Err(Mistake::new(what, help));
        }
        let baseline_file = written(baseline::PATH);
        let mut policy = policy::read(settings_file, baseline_file, &wanted.settings, output)?;
        wanted.apply(&mut policy);
        if request.subject.is_fork() {
            // Whoever is not of the team explains to nobody why something does not count.
            policy.settings.trust_ignores.get_or_insert(TrustIgnores::Base);
        }
        let issues = Issues::read(github, &request.subject, policy.settings.criteria_label.as_deref()).await;
        issues.add_to(base.as_mut().map(|tree| &mut tree.snapshot), &mut head.snapshot);
        let mut sides: Vec<&mut Tree> = base.iter_mut().chain([&mut head]).collect();
        remote::fill(&mut sides, &policy.settings, &mut blobs).await.map_err(failed)?;
        Ok(Self { base, head, change, policy, unread: issues.gaps })
    }
}

/// The report, ready to be said anywhere.
pub(crate) struct Voice<'a> {
    pub report: &'a Report<'a>,
    pub change: &'a Change,
    pub target: &'a Target,
    pub policy: &'a Policy,
    /// What it is about, for the check run.
    pub topic: String,
}

impl Voice<'_> {
    pub(crate) fn check_run(&self, commented: &BTreeSet<Fingerprint>) -> CheckRun {
        let run = check_run(self.report, &self.policy.settings.check_name, self.target, commented);
        CheckRun { topic: self.topic.clone(), ..run }
    }

    fn review(&self) -> Option<plimsoll::render::review::Review> {
        // Without an artifact that is touched there is nothing to say; threads of earlier commits are closed all the same.
        self.policy.settings.comment.then(|| render_review(self.report, self.change, self.target))
    }

    fn wishes<'w>(&'w self, check_run: &'w (dyn Fn(&BTreeSet<Fingerprint>) -> CheckRun + Sync)) -> Wishes<'w> {
        Wishes {
            repository: (String::new(), String::new()),
            pull_request: None,
            head: &self.target.head,
            base_branch: None,
            reader: words::Reader::Own,
            review: None,
            resolve: false,
            partial: self.report.head.incomplete.is_some(),
            check_name: &self.policy.settings.check_name,
            check_run,
        }
    }

    /// What is wanted for the subject of a request.
    pub(crate) fn wishes_for<'w>(
        &'w self,
        request: &'w Request,
        check_run: &'w (dyn Fn(&BTreeSet<Fingerprint>) -> CheckRun + Sync),
    ) -> Wishes<'w> {
        let pull_request = request.subject.pull_request();
        Wishes {
            repository: GitHub::owner_and_name(request),
            pull_request: pull_request.map(|pull_request| pull_request.number),
            base_branch: pull_request.and_then(|pull_request| pull_request.base_branch.as_deref()),
            reader: request.subject.reader(),
            review: pull_request.and_then(|_| self.review()),
            ..self.wishes(check_run)
        }
    }
}

/// Says it in the log, the job summary and the outputs.
fn tell(
    report: &Report<'_>,
    target: &Target,
    published: &Published,
    environment: &Environment,
    output: &Output,
) -> ExitCode {
    let mut document = format!("{}\n", log_line(&words::title(report)));
    let (commands, left_out) = annotations::workflow_commands(&published.unsaid);
    let mut notes = published.notes.clone();
    if left_out > 0 {
        notes.push(words::annotations_cut(left_out));
    }
    document.extend(notes.iter().map(|note| format!("{}\n", log_line(note))));
    document.push_str(&commands);

    let budget = runner::MAX_SUMMARY_BYTES - 10_000;
    let mut markdown = summary(report, target, budget);
    markdown.extend(published.placed.iter().map(|placed| format!("\n{placed}\n")));
    markdown.extend(notes.iter().map(|note| format!("\n> {}\n", plimsoll::render::escape::prose(note))));
    let counts = Counts::of(report);
    let mut outputs = vec![
        ("conclusion", report.conclusion.name().to_owned()),
        ("introduced", counts.new.to_string()),
        ("resolved", counts.resolved.to_string()),
        ("standing", counts.standing.to_string()),
    ];
    // None of these may change the verdict: see the module `runner`.
    let complain = |what: &str, error: std::io::Error| {
        output.complain(&format!("{what} cannot be written: {}\n", log_line(&error.to_string())));
    };
    match runner::write_report(environment, &json::json(report)) {
        Ok(Some(path)) => outputs.push(("report", path)),
        Ok(None) => {}
        Err(error) => complain("the report", error),
    }
    if let Err(error) = runner::write_outputs(environment, &outputs) {
        complain("the outputs", error);
    }
    if let Err(error) = runner::write_summary(environment, &markdown) {
        complain("the job summary", error);
    }
    output.document(&document)
}

fn verdict(report: &Report<'_>, written: ExitCode) -> ExitCode {
    match report.conclusion {
        Conclusion::Failure if written == ExitCode::SUCCESS => ExitCode::from(1),
        Conclusion::Failure | Conclusion::Success => written,
    }
}

/// A plan with everything that it would post.
fn described(plan: &Plan) -> String {
    let mut text = plan.to_string();
    for step in &plan.steps {
        match step {
            Step::DeletePending { .. } | Step::RetireCheckRun { .. } => {}
            Step::Threads(steps) => text.extend(steps.iter().map(described_thread)),
            Step::PostReview(post) => {
                text.push_str(&format!("\n=== review\n\n{}", post.body));
                for comment in &post.comments {
                    let start = comment.start_line.map_or_else(String::new, |line| format!("{line}-"));
                    let place = format!("{}:{start}{} ({})", log_line(&comment.path), comment.line, comment.side);
                    text.push_str(&format!("\n=== comment on {place}\n\n{}\n", comment.body));
                }
                for comment in &post.files {
                    let place = log_line(&comment.path);
                    text.push_str(&format!("\n=== comment on {place} (file)\n\n{}\n", comment.body));
                }
                for reply in &post.replies {
                    text.push_str(&format!("\n=== reply in {}\n\n{}\n", reply.thread, reply.body));
                }
            }
            Step::CreateCheckRun(run) | Step::UpdateCheckRun { run, .. } => {
                text.push_str(&format!("\n=== check run: {}\n\n{}", run.title, run.summary));
                text.extend(run.annotations.iter().map(described_annotation));
            }
        }
    }
    text
}

fn described_thread(step: &ThreadStep) -> String {
    let (ThreadStep::Close { comment, body, .. }
    | ThreadStep::Reopen { comment, body, .. }
    | ThreadStep::Update { comment, body }) = step;
    format!("\n=== the comment {comment} from now on\n\n{body}\n")
}

fn described_annotation(annotation: &Annotation) -> String {
    let place = format!("{}:{}-{}", log_line(&annotation.path), annotation.start_line, annotation.end_line);
    format!("\n=== annotation on {place} ({}, {})\n\n{}\n", annotation.level(), annotation.title, annotation.message)
}

fn unresolved(request: &Request, failure: &Failure) -> Mistake {
    match &request.subject {
        Subject::AuditOf { reference } if failure.is_not_found() || failure.is_invalid() => Mistake::new(
            format!("{reference:?} is no branch, tag or commit of {}", request.repository.as_str()),
            "give the input `ref` a name that exists there, or leave it out",
        ),
        _ => unreachable(request, failure),
    }
}

fn unreachable(request: &Request, failure: &Failure) -> Mistake {
    let repository = request.repository.as_str();
    let help = match failure {
        Failure::Refused { status: 401, .. } => "the token is not valid (any more): check the input `token`",
        Failure::Refused { status: 403 | 404, wait: None, .. } => {
            "check that the repository exists and the token may read it: permissions: contents: read, pull-requests: read"
        }
        Failure::Refused { wait: Some(_), .. } => "the limit of requests is reached: run it again later",
        Failure::Refused { .. } | Failure::Malformed(_) => "see https://www.githubstatus.com, and run it again",
        Failure::Lost(_) => "check the network, the proxy and https://www.githubstatus.com, and run it again",
    };
    Mistake::new(format!("{repository} cannot be read. {failure}"), help)
}
