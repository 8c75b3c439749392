//! Input that is larger or stranger than any honest one: the program ends soon, with a report, and tells what it left out.
//! `scripts/hostile` does the same with inputs of ten megabytes, and measures.

use std::fmt::Write as _;

use crate::program::Folder;

/// Judges the files; `told` is a part of a gap or a finding that says what was left out, empty where nothing had to be.
#[track_caller]
fn check(files: &[(&str, &str)], told: &str) {
    ends(&Folder::new(files), told);
}

#[track_caller]
fn ends(folder: &Folder, told: &str) {
    let run = folder.run(&["check", "--format", "json"]);
    assert!(matches!(run.code, 0 | 1), "{} {}", run.code, run.stderr);
    assert_eq!(run.stderr, "");
    let report = run.json();
    let lists = ["gaps", "findings"].map(|list| report[list].as_array().unwrap().clone());
    let messages: Vec<String> =
        lists.iter().flatten().map(|told| told["message"].as_str().unwrap().to_owned()).collect();
    let shown = messages.iter().take(20).map(|message| message.chars().take(200).collect::<String>());
    assert!(
        told.is_empty() || messages.iter().any(|it| it.contains(told)),
        "no {told:?} in {:#?}",
        shown.collect::<Vec<_>>()
    );
}

fn times(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).fold(String::new(), |mut text, n| {
        // Writing into a String cannot fail.
        let _ = write!(text, "{}", line(n));
        text
    })
}

/// Numbers that look random and are the same on every run (xorshift).
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

#[test]
fn a_chain_of_thousands_of_stages_is_followed_to_its_base() {
    let stages = times(3_000, |n| format!("FROM s{n} AS s{}\nRUN useradd u{n}\n", n + 1));
    check(&[("Dockerfile", &format!("FROM debian:12 AS s0\n{stages}"))], "← debian:12, no USER");
}

#[test]
fn paths_and_values_that_grow_with_every_line_are_given_up() {
    let folders = "WORKDIR aaaaaaaaaaaaaaaa\n".repeat(10_000);
    let values = "ENV A=$A$A\nUSER $A\n".repeat(500);
    let arguments = times(5_000, |n| format!("ARG A{n}=$A\n"));
    let file = format!("ARG A={}\n{arguments}FROM debian:12\nENV A=a\n{folders}{values}", "a".repeat(8_000));
    check(&[("Dockerfile", &file)], "the values of its variables are too long");
}

#[test]
fn shell_text_beyond_what_is_read_is_told() {
    let one = format!("FROM debian:12\nRUN {}\n", "a &&\\\n".repeat(20_000));
    check(&[("Dockerfile", &one)], "script");
    let many = format!("FROM debian:12\n{}", format!("RUN : {}\n", "a".repeat(30_000)).repeat(40));
    check(&[("Dockerfile", &many)], "more shell text than is read");
}

#[test]
fn a_file_that_is_too_large_is_told() {
    check(&[("Dockerfile", &"FROM debian:12\n".repeat(1_200_000))], "larger than 16 MiB");
}

#[test]
fn one_line_of_megabytes_is_refused() {
    check(&[("Dockerfile", &format!("FROM debian:12\nRUN {}\n", "a".repeat(2_000_000)))], "line");
}

#[test]
fn ignore_files_beyond_what_is_read_are_told() {
    let patterns = times(10_001, |n| format!("x{n}\n"));
    check(&[("Dockerfile", "FROM debian:12\nCOPY . .\n"), (".dockerignore", &patterns)], "only the first 10000");
}

#[test]
fn chains_of_services_that_are_too_long_are_told() {
    let services = times(1_000, |n| format!("  s{n}:\n    extends: s{}\n", n + 1));
    check(&[("compose.yaml", &format!("services:\n{services}  s1000:\n    build: .\n"))], "is a chain of more than");
    let aliases = times(40, |n| format!("x{0}: &x{0} [*x{n}, *x{n}, *x{n}]\n", n + 1));
    check(&[("compose.yaml", &format!("x0: &x0 [a]\n{aliases}"))], "");
}

#[test]
fn compose_files_that_expand_nest_or_come_back_to_themselves_are_bounded_and_told() {
    let bomb = times(40, |n| format!("x{}: &x{} [*x{n}, *x{n}, *x{n}, *x{n}]\n", n + 1, n + 1));
    let merged = times(30, |n| format!("x{}: &m{} {{<<: [*m{n}, *m{n}, *m{n}]}}\n", n + 1, n + 1));
    let long = "a".repeat(10 << 20);
    let cases = [
        (format!("x0: &x0 [a]\n{bomb}services:\n  a:\n    image: b\n    ports: *x40\n"), "excessive aliasing"),
        (format!("x0: &m0 {{A: b}}\n{merged}services:\n  a:\n    image: b\n    environment: *m30\n"), ""),
        (format!("services: {}", "[".repeat(200_000)), "recursion limit"),
        (format!("services:\n  a: {}1{}\n", "{b: ".repeat(200_000), "}".repeat(200_000)), "recursion limit"),
        (format!("services:\n{}", times(200_000, |n| format!("{}- \n", " ".repeat(n % 400)))), ""),
        (format!("services:\n  a:\n    image: {long}\n"), ""),
        (
            format!(
                "services:\n  a:\n    build:\n      dockerfile_inline: |\n        FROM a\n{}",
                times(5_000, |n| format!("        RUN ${{A:-{n}}} $$x\n"))
            ),
            "",
        ),
        ("services:\n  a: {extends: b}\n  b: {extends: c}\n  c: {extends: a}\n".to_owned(), "extends itself"),
        ("include: [compose.yaml]\nservices:\n  a: {image: b}\n".to_owned(), "comes back to this file"),
    ];
    for (text, told) in &cases {
        check(&[("compose.yaml", text)], told);
    }
    let there = "include: [b/compose.yaml]\nservices:\n  a: {extends: {service: b, file: b/compose.yaml}}\n";
    let back = "include: [../compose.yaml]\nservices:\n  b: {extends: {service: a, file: ../compose.yaml}}\n";
    check(&[("compose.yaml", there), ("b/compose.yaml", back)], "comes back to this file");
    check(&[("compose.yaml", there), ("b/compose.yaml", back)], "extends itself");
    let variables = "COMPOSE_FILE=compose.yaml".to_owned() + &":compose.yaml".repeat(5_000);
    check(&[("compose.yaml", "services:\n  a: {image: b}\n"), (".env", &variables)], "");
    let calls = times(5_000, |n| format!("\tdocker compose --env-file {n}.env up\n"));
    check(
        &[("compose.yaml", "services:\n  a: {image: b}\n"), ("Makefile", &format!("up:\n{calls}"))],
        "more than 1000 ways",
    );
}

#[cfg(unix)]
#[test]
fn nothing_outside_of_the_repository_is_read_by_way_of_a_compose_file() {
    let outside = Folder::new(&[
        ("secret.env", "TOKEN=outside-of-everything\n"),
        ("more.yaml", "services:\n  x: {image: 'outside-of-everything:latest', privileged: true}\n"),
        ("Dockerfile", "FROM outside-of-everything\nUSER root\n"),
    ]);
    let text = "include: [../more.yaml, linked/more.yaml, link.yaml]\nservices:\n  a:\n    image: a:1\n    env_file: [../../etc/passwd, link.env]\n  b:\n    \
                extends: {service: x, file: link.yaml}\n  c:\n    extends: {service: x, file: ../../more.yaml}\n  d:\n    build: {context: linked}\n  e:\n    \
                build: {context: ., dockerfile: link.Dockerfile}\n  f:\n    image: ${TOKEN:-none}\n";
    let folder =
        Folder::new(&[("app/compose.yaml", text), ("app/Makefile", "up:\n\tdocker compose --env-file link.env up\n")]);
    let link = |from: &str, to: &str| {
        std::os::unix::fs::symlink(outside.path().join(from), folder.path().join("app").join(to)).unwrap();
    };
    link("secret.env", "link.env");
    link("secret.env", ".env");
    link("more.yaml", "link.yaml");
    link("Dockerfile", "link.Dockerfile");
    link("", "linked");
    for arguments in [&["check", "--format", "json"][..], &["compose", "--format", "json"]] {
        let run = folder.run(arguments);
        assert!(matches!(run.code, 0 | 1), "{} {}", run.code, run.stderr);
        assert!(!run.stdout.contains("outside-of-everything"), "{}", run.stdout);
    }
    let report = folder.run(&["check", "--format", "json"]).json();
    let gaps: Vec<&str> =
        report["gaps"].as_array().unwrap().iter().map(|gap| gap["message"].as_str().unwrap()).collect();
    for told in
        ["`../more.yaml`", "`linked/more.yaml`", "`link.yaml`", "`../../etc/passwd`", "`link.env`", "`../../more.yaml`"]
    {
        assert!(gaps.iter().any(|gap| gap.contains(told)), "{told} {gaps:#?}");
    }
}

#[test]
fn random_bytes_and_words_are_findings() {
    let words = [
        "FROM",
        "a",
        "AS",
        "\n",
        "RUN",
        "<<E",
        "E\n",
        "COPY",
        "--from=0",
        "\\\n",
        "#",
        "ENV",
        "$",
        "${a:-",
        "}",
        "\"",
        "'",
        "[",
        "]",
        ",",
        "ARG",
        "USER",
        "ONBUILD",
        "=",
        "&&",
        "(",
        ")",
        "`",
        "case",
        "esac",
        "\t",
        "\0",
        "services:",
        "é",
    ];
    let folder = Folder::new(&[]);
    for seed in 1..=60 {
        let mut noise = Noise(u64::wrapping_mul(seed, 0x9e37_79b9_7f4a_7c15));
        let bytes: Vec<u8> = (0..2_000).map(|_| noise.next().to_le_bytes()[0]).collect();
        folder.write(&format!("bytes{seed}/Dockerfile"), bytes);
        let count = words.len() as u64;
        let text: Vec<&str> =
            (0..400).filter_map(|_| words.get(usize::try_from(noise.next() % count).ok()?)).copied().collect();
        folder.write(&format!("words{seed}/Dockerfile"), format!("FROM debian\n{}", text.join(" ")));
        folder.write(&format!("words{seed}/compose.yaml"), text.join(" "));
        folder.write(&format!("words{seed}/.dockerignore"), text.join(""));
    }
    ends(&folder, "unknown instruction");
}

#[test]
fn texts_that_have_nothing_in_common_are_compared() {
    let of = |name: &str| format!("FROM debian:12\n{}", times(4_000, |n| format!("RUN {name}{n}\n")));
    let folder = Folder::new(&[("old/Dockerfile", &of("a")), ("new/Dockerfile", &of("b"))]);
    let run = folder.run(&["check", "new", "--base", "old", "--format", "json"]);
    assert!(matches!(run.code, 0 | 1), "{run:?}");
    assert_eq!(run.findings(), ["root-user standing Dockerfile:1"]);
}

/// The document as a triage issue beside a Dockerfile.
#[track_caller]
fn criteria(document: &str, told: &str) {
    check(&[("Dockerfile", "FROM debian:12\nUSER 10001\n"), ("todos/1-ready-p1-x.md", document)], told);
}

#[test]
fn documents_with_more_criteria_than_anybody_reads_are_cut_and_that_is_told() {
    let list = |count: usize, line: &str| format!("# A\n\n## Acceptance Criteria\n\n{}", line.repeat(count));
    // Ten megabytes of one list.
    criteria(
        &list(200_000, "- [ ] Container runs as non-root user, `a`, `b` and `c`\n"),
        "only the first 1000 criteria",
    );
    criteria(
        &list(30_000, "- [ ] x <!-- check: dockerfile.multi_stage(Dockerfile) -->\n"),
        "only the first 1000 criteria",
    );
    criteria(&list(1, &format!("- [ ] {}", "very ".repeat(400_000))), "");
}

#[test]
fn markdown_that_nests_or_never_ends_is_read_in_a_moment() {
    let below = "# A\n\n## Acceptance Criteria\n\n";
    criteria(&format!("{below}{}x\n", "> ".repeat(50_000)), "");
    criteria(&format!("{below}{}", times(2_000, |n| format!("{}- [ ] x\n", "  ".repeat(n)))), "");
    criteria(&format!("{below}- [ ] x <!-- check: {}", "a(b); ".repeat(200_000)), "");
    criteria(&format!("{below}{}", "- [ ] x <!-- \n".repeat(50_000)), "");
    criteria(&format!("{below}- [ ] {}", "[".repeat(100_000)), "");
    criteria(&format!("{below}- [ ] {}", "`".repeat(100_001)), "");
    criteria(&format!("{below}- [ ] x <!-- check: {} -->\n", "any(".repeat(50_000)), "nested deeper");
    criteria(
        &format!("{below}| Requirement | Proof |\n|---|---|\n{}", "| a | b |\n".repeat(50_000)),
        "only the first 1000",
    );
}

#[test]
fn pins_that_name_what_lies_outside_are_refused_and_those_in_code_are_none() {
    let below = "# A\n\n## Acceptance Criteria\n\n";
    let outside = "- [ ] x <!-- check: file.contains(../../etc/passwd, root) -->\n";
    criteria(&format!("{below}{outside}"), "`../../etc/passwd` leaves the repository");
    let absolute = Folder::new(&[
        ("Dockerfile", "FROM debian:12\n"),
        ("todos/1-ready-p1-x.md", &format!("{below}- [ ] x <!-- check: file.exists(/etc/passwd) -->\n")),
    ]);
    let json = absolute.run(&["criteria", "--format", "json"]).json();
    assert_ne!(json[0]["criteria"][0]["verdict"], "met", "{json}");
    let fenced = format!("{below}- [ ] Pins are shown\n\n  ```\n  <!-- check: nothing(at all) -->\n  ```\n");
    let run = Folder::new(&[("Dockerfile", "FROM debian:12\n"), ("todos/1-ready-p1-x.md", &fenced)]).run(&["check"]);
    assert!(!run.stdout.contains("unread-criterion"), "{}", run.stdout);
}

#[test]
fn thousands_of_documents_are_judged_up_to_a_bound_that_is_told() {
    let names: Vec<String> = (0..3_000).map(|n| format!("todos/{n}-ready-p1-x.md")).collect();
    let text = format!("# A\n\n## Acceptance Criteria\n\n{}", "- [ ] Container runs as non-root user\n".repeat(20));
    let mut files: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), text.as_str())).collect();
    files.push(("Dockerfile", "FROM debian:12\nUSER 10001\n"));
    check(&files, "more than 1000 documents");
}
