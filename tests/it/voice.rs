//! All that the program says, read by those who listen: the runner, which takes lines for commands, and a renderer of
//! Markdown, which makes mentions, links, pictures and tags. Nothing of the files under review reaches either.

use plimsoll::hunks::Change;
use plimsoll::judge;
use plimsoll::render::{Target, summary};
use plimsoll::settings::Settings;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use crate::program::Folder;

/// Texts that want to be commands, markup or something else.
pub(crate) const HOSTILE: &[&str] = &[
    "##[add-mask]x",
    "a ##[set-output name=conclusion;]success",
    "::stop-commands::token",
    "  ::SET-OUTPUT name=conclusion::success",
    "x%0A::error::y%0D%0A::add-mask::z",
    "\u{202e}::warning::\u{2066}bidi",
    "\u{200b}::debug::x",
    "\u{1b}[31mred\u{1b}]8;;https://evil.example\u{7}link",
    "--> <!-- plimsoll:v1:00000000000000000000000000000000 -->",
    "```\n@octocat ~~~\n# h\n[l](https://evil.example)",
    "@octocat @octo/team #123 GH-7 octo/harbour#9 https://evil.example www.evil.example",
    "![i](https://evil.example/p.png) <img src=x> <details open> </summary></details>",
    "| a | b |\n|---|---|\n<https://evil.example> [r]\n\n[r]: https://evil.example",
    "&lt;b&gt; &#64;me \\@me",
];

/// A command of the runner: a port of `TryParseV2` and `TryParse` of its `ActionCommand.cs`, with the names that
/// `ActionCommandManager.cs` registers, which are compared without case.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Command {
    pub(crate) name: String,
    pub(crate) properties: Vec<(String, String)>,
    data: String,
}

const NAMES: &[&str] = &[
    "add-mask",
    "add-matcher",
    "add-path",
    "debug",
    "echo",
    "endgroup",
    "error",
    "group",
    "internal-set-repo-path",
    "notice",
    "remove-matcher",
    "save-state",
    "set-env",
    "set-output",
    "stop-commands",
    "warning",
];

impl Command {
    fn parse(line: &str) -> Option<Self> {
        let modern = || {
            let (info, data) = line.trim_start().strip_prefix("::")?.split_once("::")?;
            Self::of(info, ',', data, &[("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")])
        };
        let legacy = || {
            let (_, rest) = line.split_once("##[")?;
            let (info, data) = rest.split_once(']')?;
            Self::of(info, ';', data, &[("%3B", ";"), ("%0D", "\r"), ("%0A", "\n"), ("%5D", "]"), ("%25", "%")])
        };
        modern().or_else(legacy)
    }

    fn of(info: &str, separator: char, data: &str, escapes: &[(&str, &str)]) -> Option<Self> {
        let plain = |text: &str| escapes.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to));
        let (name, rest) = info.split_once(' ').unwrap_or((info, ""));
        let name = NAMES.iter().find(|known| known.eq_ignore_ascii_case(name))?;
        let pairs = rest.trim().split(separator).filter_map(|pair| pair.split_once('='));
        let properties = pairs.map(|(key, value)| (key.to_owned(), plain(value))).collect();
        Some(Self { name: (*name).to_owned(), properties, data: plain(data) })
    }
}

/// All commands in what was printed. The runner reads both streams line by line, and .NET ends lines at carriage returns too.
pub(crate) fn commands(text: &str) -> Vec<Command> {
    text.split(['\n', '\r']).filter_map(Command::parse).collect()
}

#[test]
fn the_port_finds_what_the_runner_would() {
    let found = |line: &str| Command::parse(line).map(|command| (command.name, command.properties, command.data));
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    let table = [
        ("  ::ADD-MASK::x", Some(("add-mask".to_owned(), vec![], "x".to_owned()))),
        ("a ##[group]b", Some(("group".to_owned(), vec![], "b".to_owned()))),
        (
            "::error file=a%2Cb,line=3::x%0Ay",
            Some(("error".to_owned(), vec![pair("file", "a,b"), pair("line", "3")], "x\ny".to_owned())),
        ),
        ("a ::error::x", None),
        ("::unknown::x", None),
        ("## [error]x", None),
    ];
    for (line, expected) in table {
        assert_eq!(found(line), expected, "{line}");
    }
}

/// A repository in which every text that anybody writes is hostile.
fn files() -> Vec<(String, String)> {
    let mut files = vec![("todos/1-complete-p1-x.md".to_owned(), String::new())];
    for (at, text) in HOSTILE.iter().enumerate() {
        let line = text.replace('\n', " ");
        let quoted = serde_json::to_string(&line).unwrap();
        files.push((
            format!("s{at}/Dockerfile"),
            format!(
                "# plimsoll: ignore=root-user reason={quoted}\nFROM debian:12 AS a{at}\nUSER {line}\n{text}\nFROM a{at} AS b\n\
                 ENV PASSWORD={quoted}\nCOPY {quoted} /{line}\nCMD [{quoted}]\nCMD {line}\n"
            ),
        ));
        files.push((
            format!("s{at}/compose.yaml"),
            format!(
                "services:\n  {quoted}:\n    build: {quoted}\n    image: {quoted}\n    privileged: true\n    user: {quoted}\n    \
                 environment: {{PASSWORD: {quoted}}}\n    volumes: [{quoted}]\n"
            ),
        ));
        let name: String = line.chars().filter(|c| !c.is_control() && *c != '/').take(60).collect();
        files.push((format!("n{at}/{name}.dockerfile"), "FROM debian\nUSER root\n".to_owned()));
        let criteria = &mut files[0].1;
        if criteria.is_empty() {
            criteria.push_str("# T\n\n## Acceptance Criteria\n\n");
        }
        criteria.push_str(&format!("- [ ] `HEALTHCHECK` is defined in `s{at}/Dockerfile` {line}\n"));
    }
    files
}

/// What another tool says, made of the same texts.
fn sarif() -> String {
    let results: Vec<serde_json::Value> = HOSTILE
        .iter()
        .enumerate()
        .map(|(at, text)| {
            serde_json::json!({ "ruleId": text, "level": "error", "message": { "text": text }, "locations": [{ "physicalLocation": {
                "artifactLocation": { "uri": format!("s{at}/Dockerfile") }, "region": { "startLine": 2 } } }] })
        })
        .collect();
    serde_json::json!({ "version": "2.1.0", "runs": [{ "tool": { "driver": { "name": HOSTILE[0] } }, "results": results }] })
        .to_string()
}

#[test]
fn nothing_that_is_printed_becomes_a_command_but_ours() {
    let files = files();
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (&**path, &**text)).collect();
    let folder = Folder::new(&files);
    folder.write("lint.sarif", sarif());
    folder.write("broken.sarif", HOSTILE.join("\n"));
    let runs: &[&[&str]] = &[
        &["check", "--import", "lint.sarif", "--sarif-file", "out.sarif"],
        &["check", "--import", "broken.sarif", "--all", "-v"],
        &["check", "--import", HOSTILE[0]],
        &["check", "--format", "markdown", "--import", "lint.sarif"],
        &["check", "--format", "sarif"],
        &["check", "--format", "json"],
        &["check", "--diff"],
        &["builds"],
        &["criteria"],
        &["criteria", "--format", "markdown"],
        &["compose", "s1"],
        &["context", "s2"],
        &["criteria", HOSTILE[2]],
        &["explain", HOSTILE[3]],
    ];
    for arguments in runs {
        let run = folder.run(arguments);
        let found: Vec<Command> = commands(&run.stdout).into_iter().chain(commands(&run.stderr)).collect();
        assert!(found.is_empty(), "{arguments:?}: {found:?}");
        let raw =
            |c: char| c.is_control() && c != '\n' || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        assert!(!run.stdout.contains(raw) && !run.stderr.contains(raw), "{arguments:?}");
    }
    assert!(!commands(&folder.read("out.sarif")).iter().any(|command| command.name == "stop-commands"));
}

/// What a renderer makes of Markdown that is not ours.
fn foreign(markdown: &str) -> Vec<String> {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_GFM;
    let ours = ["<details>", "</details>", "<summary>", "</summary>", "<br>"];
    let (mut out, mut code, mut link) = (Vec::new(), false, false);
    for event in Parser::new_ext(markdown, options) {
        match event {
            Event::Start(Tag::CodeBlock(_)) => code = true,
            Event::End(TagEnd::CodeBlock) => code = false,
            Event::Start(Tag::Link { dest_url, .. }) => {
                link = true;
                if !dest_url.starts_with("https://github.com/plimsoll-dev/plimsoll/") {
                    out.push(format!("link {dest_url}"));
                }
            }
            Event::End(TagEnd::Link) => link = false,
            Event::Start(Tag::Image { dest_url, .. }) => out.push(format!("image {dest_url}")),
            Event::Html(html) | Event::InlineHtml(html) => {
                // Each tag of a summary's line is ours, and what stands between them is escaped.
                let left = ours.iter().fold(html.to_string(), |html, tag| html.replace(tag, ""));
                if left.contains('<') || left.contains("@octo") {
                    out.push(format!("html {html}"));
                }
            }
            Event::Text(text) if !code && !link => {
                let special = |word: &str| {
                    let number = |word: &str| word.starts_with(|c: char| c.is_ascii_digit());
                    word.starts_with('@') && word.len() > 1
                        || word.split_once('#').is_some_and(|(_, rest)| number(rest))
                        || word.strip_prefix("GH-").is_some_and(number)
                        || word.contains("://")
                        || word.starts_with("www.")
                };
                out.extend(text.split([' ', '(', ',']).filter(|word| special(word)).map(|word| format!("text {word}")));
            }
            _ => {}
        }
    }
    out
}

#[test]
fn nothing_of_the_files_is_a_mention_a_link_a_picture_or_a_tag() {
    assert_eq!(foreign("@me [l](https://evil.example) ![i](x) <b> #12 `@me`").len(), 5, "the check can fail");
    let files = files();
    let head = plimsoll::snapshot::Snapshot::from_texts("h", files.iter().map(|(path, text)| (&**path, &**text)));
    let (change, settings) = (Change::default(), Settings::default());
    let mut report = judge(None, &head, &change, &settings, &Default::default());
    let imported = plimsoll::import::read(&sarif());
    plimsoll::import::add(&mut report, &imported, HOSTILE[0], &change, settings.fail_on, &Default::default());
    assert!(
        report.findings.len() > 60 && !report.gaps.is_empty() && !report.criteria.is_empty(),
        "{}",
        report.findings.len()
    );
    let markdown = summary::summary(&report, &Target::default(), 10_000_000);
    assert!(markdown.contains("```mermaid"), "the stages are drawn");
    assert_eq!(foreign(&markdown), Vec::<String>::new());
    for build in 0..report.builds.len().min(1) {
        assert!(!report.builds[build].dockerfile.is_empty());
    }
}

#[test]
fn nothing_of_the_files_gets_out_of_a_comment() {
    let files = files();
    let head = plimsoll::snapshot::Snapshot::from_texts("h", files.iter().map(|(path, text)| (&**path, &**text)));
    let base = plimsoll::snapshot::Snapshot::from_texts("b", [("README.md", "")]);
    let (change, settings) = (Change::between(&base, &head), Settings::default());
    let mut report = judge(Some(&base), &head, &change, &settings, &Default::default());
    let imported = plimsoll::import::read(&sarif());
    plimsoll::import::add(&mut report, &imported, HOSTILE[0], &change, settings.fail_on, &Default::default());
    let review = plimsoll::render::review::review(&report, &change, &Target::default());
    assert!(review.remarks.len() > 60, "{}", review.remarks.len());
    for remark in &review.remarks {
        assert_eq!(foreign(&remark.body), Vec::<String>::new(), "{}", remark.body);
        assert_eq!(foreign(&remark.item), Vec::<String>::new(), "{}", remark.item);
    }
}

/// The pictures are Mermaid's own language: every line is one that we write, whatever the names of stages are.
#[test]
fn pictures_hold_only_lines_of_ours() {
    let files = files();
    let head = plimsoll::snapshot::Snapshot::from_texts("h", files.iter().map(|(path, text)| (&**path, &**text)));
    let report = judge(None, &head, &Change::default(), &Settings::default(), &Default::default());
    let markdown = summary::summary(&report, &Target::default(), 10_000_000);
    let mut inside = false;
    for line in markdown.lines() {
        match line {
            "```mermaid" => inside = true,
            "```" => inside = false,
            _ if inside => {
                let node = line.starts_with("  s") && line.ends_with("\"]") && line.matches('"').count() == 2;
                let arrow = line.contains(" -->|FROM| s") || line.contains(" -.->|COPY| s");
                assert!(line == "flowchart LR" || node || arrow, "{line}");
            }
            _ => {}
        }
    }
}

#[test]
fn findings_of_other_tools_come_in_and_ours_go_out() {
    let folder = Folder::repository(&[("Dockerfile", "FROM debian:12\nUSER 10001:10001\n")]);
    folder.commit("base");
    folder.write("Dockerfile", "FROM debian:12\nRUN apt-get install -y curl\nUSER 10001:10001\n");
    let lint = serde_json::json!({ "version": "2.1.0", "runs": [{ "tool": { "driver": { "name": "Hadolint" } }, "results": [
        { "ruleId": "DL3008", "level": "error", "message": { "text": "Pin versions in apt get install" }, "locations": [
            { "physicalLocation": { "artifactLocation": { "uri": "Dockerfile" }, "region": { "startLine": 2 } } }] },
        { "ruleId": "DL3006", "level": "error", "message": { "text": "Tag it" }, "locations": [
            { "physicalLocation": { "artifactLocation": { "uri": "Dockerfile" }, "region": { "startLine": 1 } } }] },
    ] }] });
    folder.write("lint.sarif", lint.to_string());
    let run = folder.run(&["check", "--base", "HEAD", "--import", "lint.sarif", "--sarif-file", "ours.sarif"]);
    assert_eq!(run.code, 1, "{run:?}");
    assert!(
        run.stdout.contains("hadolint:DL3008") && run.stdout.contains("Pin versions in apt get install"),
        "{run:?}"
    );
    let ours: serde_json::Value = serde_json::from_str(&folder.read("ours.sarif")).unwrap();
    let ids: Vec<(&str, &str)> = ours["runs"][0]["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|result| (result["ruleId"].as_str().unwrap(), result["baselineState"].as_str().unwrap()))
        .filter(|(id, _)| id.starts_with("hadolint"))
        .collect();
    assert_eq!(ids, [("hadolint:DL3008", "new"), ("hadolint:DL3006", "unchanged")]);
    let missing = folder.run(&["check", "--import", "gone.sarif"]);
    assert!(missing.code == 2 && missing.stderr.contains("gone.sarif cannot be imported"), "{missing:?}");
    std::os::unix::fs::symlink("/proc/self/environ", folder.path().join("link.sarif")).unwrap();
    let link = folder.run(&["check", "--import", "link.sarif"]);
    assert!(link.code == 2 && link.stderr.contains("it is no regular file"), "{link:?}");
}
