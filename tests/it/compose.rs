//! Compose files, held against Compose.

use plimsoll::artifact::compose::interpolate::interpolate;
use plimsoll::artifact::compose::tree::{Node, Value};

use plimsoll::project::{MAX_GAPS, Project};
use plimsoll::settings::Settings;
use plimsoll::snapshot::Snapshot;

use crate::vectors;

#[test]
fn variables_are_replaced_as_compose_replaces_them() {
    let mut wrong = Vec::new();
    for case in vectors::array("compose_interpolation.json") {
        let lookup = |name: &str| case["env"].get(name).and_then(|value| value.as_str()).map(str::to_owned);
        let found = interpolate(case["template"].as_str().unwrap(), &lookup);
        let agrees = match &found {
            Ok(value) => case["result"].as_str() == Some(&value.text),
            Err(error) => case["error"].as_str() == Some(&error.to_string()),
        };
        if !agrees {
            wrong.push(format!("{case}: {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
}

/// What Compose refuses of a file that stands alone: as the rules would hear of it, and what is a gap.
fn refused(text: &str) -> (Vec<String>, Vec<String>) {
    let snapshot = Snapshot::from_texts("t", [("compose.yaml", text)]);
    let settings = Settings::default();
    let project = Project::new(&snapshot, &settings);
    let compose = &project.composes[0];
    let application = &project.applications[0];
    let all = compose.problems.iter().chain(&compose.refused).chain(&application.refused);
    let unknown = application.unknown_keys.iter().map(|(problem, _)| problem);
    let gaps = project.gaps.iter().map(|gap| gap.message.clone()).collect();
    (all.chain(unknown).map(|problem| format!("{}: {}", snapshot.slice(problem.span), problem.message)).collect(), gaps)
}

#[test]
fn what_compose_accepts_is_accepted_and_what_it_refuses_is_refused() {
    let mut wrong = Vec::new();
    for case in vectors::lines("compose.jsonl") {
        let (found, gaps) = refused(case["text"].as_str().unwrap());
        let accepted = case["compose_ok"].as_bool() == Some(true);
        let with_nothing_set = case["compose_interp_ok"].as_bool() == Some(true);
        let agrees = match (accepted, with_nothing_set) {
            (true, true) => found.is_empty(),
            // The answer lies in the environment, unless it is the syntax of the variables that is wrong.
            (true, false) => {
                let error = case["compose_interp_err"].as_str().unwrap();
                found.is_empty() != error.contains("invalid interpolation format") && !gaps.is_empty()
            }
            (false, _) => !found.is_empty(),
        };
        if !agrees {
            wrong.push(format!(
                "{} ({accepted}, {with_nothing_set}): {found:?} {}",
                case["source"], case["compose_err"]
            ));
        }
    }
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
}

/// A tree as JSON, so that two can be compared.
fn plain(node: &Node) -> serde_json::Value {
    match &node.value {
        Value::Null => serde_json::Value::Null,
        Value::Scalar(scalar) => scalar.text.clone().into(),
        Value::List(items) => items.iter().map(|item| plain(item)).collect(),
        Value::Map(entries) => entries.iter().map(|entry| (entry.key.clone(), plain(&entry.value))).collect(),
    }
}

#[test]
fn files_are_laid_over_each_other_as_compose_does_it() {
    let mut wrong = Vec::new();
    let mut judged = 0;
    for case in vectors::array("compose_merge.json") {
        let (Some(base), Some(over), Some(merged)) =
            (case["base"].as_str(), case["override"].as_str(), case["merged"].as_str())
        else {
            continue;
        };
        judged += 1;
        let model = |files: &[(&str, &str)]| {
            let snapshot = Snapshot::from_texts("t", files.iter().copied());
            let settings = Settings::default();
            plain(&Project::new(&snapshot, &settings).applications[0].model)
        };
        let found = model(&[("compose.yaml", base), ("compose.override.yaml", over)]);
        let expected = model(&[("compose.yaml", merged)]);
        if found != expected {
            wrong.push(format!("{}:\n  {found}\n  {expected}", case["test"]));
        }
    }
    assert!(wrong.is_empty(), "{} wrong of {judged}\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_real_compose_file_makes_a_project() {
    for case in vectors::lines("compose.jsonl") {
        let source = case["source"].as_str().unwrap();
        let path = source.split_once(':').map_or(source, |(_, path)| path);
        let snapshot = Snapshot::from_texts(source, [(path, case["text"].as_str().unwrap())]);
        let settings = Settings::default();
        let project = Project::new(&snapshot, &settings);
        assert!(project.applications.len() <= 1, "{source}");
    }
}

#[test]
fn hostile_compose_files_are_bounded() {
    let chain: String = (1..3_000).map(|at| format!("  s{at}:\n    extends: s{}\n", at - 1)).collect();
    let backwards: String = (0..3_000).map(|at| format!("  s{at}:\n    extends: s{}\n", at + 1)).collect();
    let same: String = (0..5_000).map(|at| format!("  s{at}:\n    build: .\n")).collect();
    let bomb: String =
        (1..30).map(|at| format!("x{at}: &x{at} [{}]\n", vec![format!("*x{}", at - 1); 10].join(", "))).collect();
    let cases = [
        format!("services:\n  s0:\n    image: a\n{chain}"),
        format!("services:\n{backwards}  s3000:\n    image: a\n"),
        format!("services:\n{same}"),
        format!("x0: &x0 [a]\n{bomb}services:\n  a:\n    ports: *x29\n"),
        format!("services:\n  a:\n    image: \"{}\"\n", "${A:-${B}".repeat(50_000)),
        format!("services: {}", "[".repeat(100_000)),
        "include: [compose.yaml, a.yaml]\nservices:\n  a: {extends: a}\n  b: {extends: {service: c, file: a.yaml}}\n"
            .to_owned(),
    ];
    for text in cases {
        let other = "include: [compose.yaml]\nservices:\n  c: {extends: {service: b, file: compose.yaml}}\n";
        let snapshot =
            Snapshot::from_texts("hostile", [("compose.yaml", &*text), ("a.yaml", other), ("Dockerfile", "FROM a\n")]);
        let settings = Settings::default();
        let project = Project::new(&snapshot, &settings);
        assert!(project.gaps.len() <= MAX_GAPS);
        assert!(project.builds.iter().all(|build| build.origins.len() <= 100));
    }
}

#[test]
fn paths_that_leave_the_repository_are_never_read() {
    let text = "include: [../x.yaml, /etc/y.yaml, https://example.com/z.yaml]\nservices:\n  a:\n    build: ../..\n    env_file: \
                ../../etc/passwd\n  b:\n    extends: {service: x, file: ../../z.yaml}\n  c:\n    build: {context: ., dockerfile: /etc/passwd}\n";
    let snapshot = Snapshot::from_texts("t", [("app/compose.yaml", text)]);
    let settings = Settings::default();
    let project = Project::new(&snapshot, &settings);
    let gaps: Vec<&str> = project.gaps.iter().map(|gap| gap.message.as_str()).collect();
    assert_eq!(
        gaps,
        [
            "`../x.yaml` could not be read, so that what it adds is not judged; a copy in the repository would be",
            "`/etc/y.yaml` could not be read, so that what it adds is not judged; a copy in the repository would be",
            "`https://example.com/z.yaml` lies elsewhere, so that what it adds is not judged; a copy in the repository would be",
            "the context `../..` of service `a` is not in this repository",
            "`../../etc/passwd` lies outside of the repository and is not read: the variables it sets for service `a` are not judged",
            "`../../z.yaml` could not be read, so that what it adds is not judged; a copy in the repository would be",
            "the Dockerfile `/etc/passwd` of a build is not in this repository",
        ]
    );
    assert_eq!(project.builds.len(), 0);
}

#[test]
fn variables_and_commands_say_which_files_and_variables_are_used() {
    let app = "services:\n  app:\n    image: app:${TAG:-none}\n";
    let over = "services:\n  app:\n    restart: always\n";
    // What lies there, and for every application its files and the image of `app`.
    type Files<'f> = &'f [(&'f str, &'f str)];
    let cases: &[(Files<'_>, &[&str])] = &[
        (&[("compose.yaml", app), (".env", "TAG=1\n")], &["compose.yaml: app:1"]),
        (
            &[("compose.yaml", app), ("over.yaml", over), (".env", "TAG=1\nCOMPOSE_FILE=compose.yaml:over.yaml\n")],
            &["compose.yaml over.yaml: app:1"],
        ),
        (
            &[("compose.yaml", app), ("compose.override.yaml", over), (".env", "COMPOSE_FILE=compose.yaml\n")],
            &["compose.yaml: app:none", "compose.yaml compose.override.yaml: app:none"],
        ),
        (
            &[
                ("d/compose.yaml", app),
                ("d/b.txt", over),
                (".env", "TAG=1\nCOMPOSE_PATH_SEPARATOR=;\nCOMPOSE_FILE=d/compose.yaml;d/b.txt\n"),
                ("d/.env", "TAG=2"),
            ],
            &["d/compose.yaml d/b.txt: app:1"],
        ),
        (
            &[("compose.yaml", app), (".env", "COMPOSE_FILE=compose.yaml:../outside.yaml\n")],
            &["compose.yaml: app:none"],
        ),
        (
            &[
                ("compose.yaml", app),
                (".env", "TAG=1\n"),
                ("p.env", "TAG=2\n"),
                ("Makefile", "up:\n\tdocker compose --env-file p.env up\n"),
            ],
            &["compose.yaml: app:2"],
        ),
        (
            &[
                ("compose.yaml", app),
                (".env", "TAG=1\n"),
                ("p.env", "TAG=2\n"),
                ("Makefile", "up:\n\tdocker compose up\nprod:\n\tdocker compose --env-file p.env up\n"),
            ],
            &["compose.yaml: app:1", "compose.yaml: app:2"],
        ),
    ];
    for (files, expected) in cases {
        let snapshot = Snapshot::from_texts("t", files.iter().copied());
        let settings = Settings::default();
        let project = Project::new(&snapshot, &settings);
        let told = project.applications.iter().map(|application| {
            let paths = application.files.iter().map(|&at| snapshot.path(project.composes[at].file));
            let image = application.service("app").and_then(|app| app.image.as_ref()).map(|image| image.text.clone());
            format!("{}: {}", paths.collect::<Vec<_>>().join(" "), image.unwrap_or_default())
        });
        assert_eq!(told.collect::<Vec<_>>(), *expected, "{files:?}");
        let outside = files.iter().any(|(_, text)| text.contains("outside"));
        assert_eq!(project.gaps.iter().any(|gap| gap.message.contains("`COMPOSE_FILE` names a file")), outside);
    }
}

#[test]
fn a_profile_that_a_command_switches_on_is_on() {
    let text = "services:\n  app:\n    image: a:1\n    depends_on: [db]\n  db:\n    image: b:1\n    profiles: [data]\n";
    let cases = [
        ("docker compose up", false),
        ("docker compose --profile data up", true),
        ("docker compose --profile '*' up", true),
        ("docker compose --profile other up", false),
    ];
    for (command, is_on) in cases {
        let makefile = format!("up:\n\t{command}\n");
        let snapshot = Snapshot::from_texts("t", [("compose.yaml", text), ("Makefile", &*makefile)]);
        let settings = Settings::default();
        let project = Project::new(&snapshot, &settings);
        assert_eq!(project.applications[0].inconsistent.is_empty(), is_on, "{command}");
    }
}

/// Every key of the specification with a value of the type that it asks for, as a compose file.
fn samples(schema: &serde_json::Value) -> Vec<(String, serde_json::Value)> {
    use serde_json::{Value as Json, json};
    fn sample(schema: &Json, defs: &Json, depth: usize) -> Json {
        if let Some(name) = schema["$ref"].as_str() {
            return sample(&defs[name.rsplit('/').next().unwrap()], defs, depth);
        }
        if let Some(options) = schema["oneOf"].as_array() {
            let rich = options.iter().max_by_key(|option| sample(option, defs, depth + 1).to_string().len());
            return sample(rich.unwrap(), defs, depth + 1);
        }
        if let Some(words) = schema["enum"].as_array() {
            return words[0].clone();
        }
        let kinds: Vec<&str> = match &schema["type"] {
            Json::Array(kinds) => kinds.iter().filter_map(Json::as_str).collect(),
            kind => kind.as_str().into_iter().collect(),
        };
        if kinds.contains(&"object") {
            let mut map = serde_json::Map::new();
            for (key, inner) in schema["properties"].as_object().into_iter().flatten().filter(|_| depth < 12) {
                map.insert(key.clone(), sample(inner, defs, depth + 1));
            }
            return Json::Object(map);
        }
        match kinds.first() {
            Some(&"array") => json!([sample(&schema["items"], defs, depth + 1)]),
            Some(&"boolean") => json!(true),
            Some(&"integer" | &"number") => json!(1),
            Some(&"null") if kinds.len() == 1 => Json::Null,
            _ if kinds.contains(&"integer") || kinds.contains(&"number") => json!(1),
            _ if kinds.contains(&"boolean") => json!(true),
            _ => json!("1s"),
        }
    }
    let defs = &schema["$defs"];
    let mut all = Vec::new();
    for section in ["service", "volume", "network", "secret", "config", "model"] {
        for (key, inner) in defs[section]["properties"].as_object().unwrap() {
            let value = sample(inner, defs, 0);
            all.push((format!("{section}.{key}"), json!({ format!("{section}s"): { "a": { key: value } } })));
        }
    }
    for (key, inner) in schema["properties"].as_object().unwrap().iter().filter(|(key, _)| key.as_str() != "include") {
        all.push((key.clone(), json!({ key: sample(inner, defs, 0) })));
    }
    all
}

#[test]
fn every_key_of_the_specification_is_known() {
    let mut wrong = Vec::new();
    if let Some(schema) = vectors::object("compose-spec.json") {
        for (key, sample) in samples(&schema) {
            let text = sample.to_string();
            let snapshot = Snapshot::from_texts("t", [("compose.yaml", &*text)]);
            let settings = Settings::default();
            let project = Project::new(&snapshot, &settings);
            let unknown: Vec<_> =
                project.applications.iter().flat_map(|application| &application.unknown_keys).collect();
            if !unknown.is_empty() {
                wrong.push(format!("{key}: {unknown:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_effective_model_says_where_each_value_came_from() {
    let files = [
        (
            "compose.yaml",
            "x-base: &base\n  restart: always\nservices:\n  api:\n    <<: *base\n    image: a:${TAG:-1}\n    ports: [\"80:80\"]\n  job:\n    \
             extends: {service: base, file: common.yaml}\n",
        ),
        ("compose.override.yaml", "services:\n  api:\n    image: b:2\n    environment: {A: \"${B}\"}\n"),
        ("common.yaml", "services:\n  base:\n    image: c:3\n"),
    ];
    let snapshot = Snapshot::from_texts("t", files);
    let settings = Settings::default();
    let project = Project::new(&snapshot, &settings);
    let applications: Vec<_> = project.applications.iter().collect();
    let yaml = plimsoll::render::compose::yaml(&project, &applications);
    for line in [
        "# compose.yaml, compose.override.yaml",
        "    image: \"b:2\"  # compose.override.yaml:3",
        "    restart: always  # compose.yaml:2",
        "      A: \"\"  # compose.override.yaml:4, without a value for B",
        "    image: \"c:3\"  # common.yaml:3",
        "        published: \"80\"  # compose.yaml:7",
    ] {
        assert!(yaml.lines().any(|found| found == line), "{line}\n{yaml}");
    }
    let json: serde_json::Value =
        serde_json::from_str(&plimsoll::render::compose::document(&project, &applications)).unwrap();
    let first = &json["applications"][0];
    assert_eq!(first["model"]["services"]["job"]["image"], "c:3");
    let origin = first["origins"].as_array().unwrap().iter().find(|origin| origin["pointer"] == "/services/job/image");
    assert_eq!(origin.unwrap()["path"], "common.yaml");
}

/// The findings of one side of a story below `fixtures/projects/`, judged alone: rule, place, message.
fn found(story: &str, side: &str) -> Vec<(String, String, String)> {
    let snapshot = crate::tree::snapshot(&crate::tree::root().join(format!("fixtures/projects/{story}/{side}")));
    let text = snapshot.text_of("plimsoll.yaml").map_or("", |text| text.as_str());
    let known: Vec<_> = plimsoll::rules::RULES
        .iter()
        .map(|rule| plimsoll::settings::KnownRule { id: rule.id, aliases: rule.aliases })
        .collect();
    let (layer, problems) = plimsoll::settings::read(plimsoll::span::FileId(0), text, &known);
    assert_eq!(problems, []);
    let settings = layer.settings().unwrap();
    let project = Project::new(&snapshot, &settings);
    let place = |span: plimsoll::span::Span| format!("{}:{}", snapshot.path(span.file), snapshot.line(span));
    let findings = plimsoll::rules::run(&project);
    findings.iter().map(|finding| (finding.rule.to_owned(), place(finding.span), finding.message.clone())).collect()
}

#[test]
fn a_stack_that_is_not_hardened_is_told_so_and_a_hardened_one_is_not() {
    let of = |side: &str, rules: &[&str]| -> Vec<String> {
        let found = found("assistant", side);
        found
            .into_iter()
            .filter(|(rule, ..)| rules.contains(&&**rule))
            .map(|(rule, place, _)| format!("{rule} {place}"))
            .collect()
    };
    let rules = ["foreign-env-name", "published-internal-port", "unprofiled-gpu", "unpinned-image"];
    let expected = [
        "foreign-env-name docker-compose.yml:6",
        "foreign-env-name docker-compose.yml:7",
        "published-internal-port docker-compose.yml:13",
        "unprofiled-gpu docker-compose.yml:20",
        "unpinned-image docker-compose.yml:25",
    ];
    assert_eq!(of("base", &rules), expected);
    assert_eq!(of("head", &rules), [""; 0]);
    // A root that cannot be written, without a place for temporary files, and with one.
    let writable = |side: &str| -> Vec<(String, String)> {
        let found = found("assistant", side).into_iter();
        let found =
            found.filter(|(rule, place, _)| rule == "writable-root" && place.starts_with("docker-compose.prod"));
        found.map(|(_, place, message)| (place, message)).collect()
    };
    let told = writable("base");
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].1.contains("/tmp"), "{told:?}");
    assert_eq!(writable("head"), []);
}

#[test]
fn a_dockerfile_in_a_compose_file_is_judged_on_its_lines() {
    let (base, head) = (found("inline", "base"), found("inline", "head"));
    let root = |found: &[(String, String, String)]| -> Vec<String> {
        found.iter().filter(|(rule, ..)| rule == "root-user").map(|(_, place, _)| place.clone()).collect()
    };
    assert_eq!((root(&base), root(&head)), (vec![], vec!["compose.yaml:6".to_owned()]));
}
