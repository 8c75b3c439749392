//! Which builds a repository has.

use crate::project::{Gap, Project};
use crate::settings::{BuildSetting, Settings};
use crate::snapshot::{Kind, Snapshot};

use super::*;

/// Every build as `dockerfile @ context [target] (engine-less origins)`, then every gap behind a `?`. Most files here are
/// too short to have the stages that are named; that those are missing is told by a test of its own.
fn check(files: &[(&str, &str)], expected: &[&str]) {
    check_with(&Settings::default(), files, expected);
}

fn check_with(settings: &Settings, files: &[(&str, &str)], expected: &[&str]) {
    let snapshot = Snapshot::from_texts("t", files.iter().copied());
    let project = Project::new(&snapshot, settings);
    let builds = project.builds.iter().map(|build| {
        let origins = build.origins.iter().map(|origin| {
            let place = format!("{}:{}", snapshot.path(origin.span.file), snapshot.positions(origin.span).0.line);
            format!("{} {place}", origin.kind.name())
        });
        let git = if matches!(build.context, Context::Git(_)) { "git " } else { "" };
        let target = build.target.as_ref().map(|target| format!(" [{target}]")).unwrap_or_default();
        let missing = if build.dockerfile.is_none() { "missing " } else { "" };
        let origins = origins.collect::<Vec<_>>().join(", ");
        format!("{missing}{} @ {git}{}{target} ({origins})", build.dockerfile_path, build.context.name())
    });
    let absent = |gap: &&Gap| gap.message.contains("is not judged: it has no stage") || gap.message.ends_with(NO_FILE);
    let gaps = project.gaps.iter().filter(|gap| !absent(gap)).map(|gap| format!("? {}", gap.message));
    let found: Vec<String> = builds.chain(gaps).collect();
    assert_eq!(found, expected, "{files:#?}");
}

const FROM: &str = "FROM a\n";

/// How the gap of a missing Dockerfile ends.
const NO_FILE: &str = "there is no such file in the repository";

#[test]
fn what_is_not_there_is_told() {
    let compose = "services:\n  a:\n    build: a\n  b:\n    build: {context: b, target: prod}\n";
    let snapshot = Snapshot::from_texts("t", [("compose.yaml", compose), ("b/Dockerfile", "FROM x AS dev\n")]);
    let settings = Settings::default();
    let project = Project::new(&snapshot, &settings);
    let gaps: Vec<&str> = project.gaps.iter().map(|gap| gap.message.as_str()).collect();
    let missing = format!("the build of `a/Dockerfile` is not judged: {NO_FILE}");
    assert_eq!(gaps, [missing.as_str(), "the build of `b/Dockerfile` is not judged: it has no stage `prod`"]);
}

#[test]
fn links_to_artifacts_are_told_and_not_followed() {
    let listing = [("Dockerfile", Kind::Symlink), ("docs", Kind::Symlink)];
    let snapshot = Snapshot::new("t", listing.map(|(path, kind)| (path.to_owned(), kind, None)));
    let settings = Settings::default();
    let project = Project::new(&snapshot, &settings);
    assert_eq!(project.gaps.len(), 1, "{:?}", project.gaps);
    assert!(project.gaps[0].message.starts_with("`Dockerfile` is a symbolic link"));
}

#[test]
fn compose_names_builds_in_every_form() {
    check(
        &[
            (
                "compose.yaml",
                "services:\n  a:\n    build: ./api\n  b:\n    build:\n      context: .\n      dockerfile: ops/web.txt\n      target: prod\n  \
                 c:\n    build:\n      context: web\n      dockerfile: ../api/Dockerfile\n  d:\n    build: {dockerfile: Dockerfile.d}\n",
            ),
            ("api/Dockerfile", FROM),
            ("ops/web.txt", FROM),
            ("web/x", ""),
        ],
        &[
            "api/Dockerfile @ api (compose compose.yaml:3)",
            "ops/web.txt @ . [prod] (compose compose.yaml:6)",
            "api/Dockerfile @ web (compose compose.yaml:11)",
            "missing Dockerfile.d @ . (compose compose.yaml:14)",
        ],
    );
}

#[test]
fn what_a_variable_decides_is_a_gap_unless_it_has_a_value() {
    let compose = "services:\n  a:\n    build: ${A}\n  b:\n    build: ${B:-b}\n  c:\n    build: ${C}\n  d:\n    build: {context: b, \
                   dockerfile: \"${D}\"}\n";
    check(
        &[(".env", "C=c\n"), ("b/Dockerfile", FROM), ("c/Dockerfile", FROM), ("compose.yaml", compose)],
        &[
            "b/Dockerfile @ b (compose compose.yaml:5)",
            "c/Dockerfile @ c (compose compose.yaml:7)",
            "? `A`, `D` have no value in the repository, and what rests on that is not judged: a default (`${A:-…}`) would \
             settle it",
            "? the context of service `a` depends on `A`, which has no value",
            "? the Dockerfile of service `d` depends on a variable without value",
        ],
    );
}

#[test]
fn a_context_outside_of_the_repository_is_a_gap() {
    let compose = "services:\n  a:\n    build: ../other\n  b:\n    build: https://github.com/x/y.git#main\n  c:\n    build: /srv\n";
    check(
        &[("compose.yaml", compose)],
        &[
            "missing Dockerfile @ https://github.com/x/y.git#main (compose compose.yaml:5)",
            "? the context `../other` of service `a` is not in this repository",
            "? the context `https://github.com/x/y.git#main` of a build is out of sight",
            "? the context `/srv` of service `c` is not in this repository",
        ],
    );
}

#[test]
fn the_same_build_named_twice_has_two_origins() {
    let workflow = "jobs:\n  a:\n    steps:\n      - uses: actions/checkout@v4\n      - uses: docker/build-push-action@v6\n        with:\n          \
                    context: ./api/\n";
    check(
        &[
            (".github/workflows/ci.yml", workflow),
            ("api/Dockerfile", FROM),
            ("compose.yaml", "services:\n  a:\n    build: api\n  b:\n    build: ./api\n"),
        ],
        &["api/Dockerfile @ api (compose compose.yaml:3, compose compose.yaml:5, workflow .github/workflows/ci.yml:7)"],
    );
}

#[test]
fn overlays_extensions_and_inclusions_are_followed() {
    check(
        &[
            ("api/Dockerfile", FROM),
            ("base/Dockerfile", FROM),
            ("base/services.yml", "services:\n  common:\n    build: .\n"),
            (
                "compose.yaml",
                "include:\n  - ops/db.yaml\nservices:\n  a:\n    build: api\n  b:\n    extends: {file: base/services.yml, service: common}\n  \
                 c:\n    extends: a\n",
            ),
            ("compose.override.yaml", "services:\n  a:\n    build: {target: dev}\n"),
            ("ops/Dockerfile", FROM),
            ("ops/db.yaml", "services:\n  db:\n    build: .\n"),
        ],
        &[
            "api/Dockerfile @ api [dev] (compose compose.yaml:5)",
            "base/Dockerfile @ base (compose base/services.yml:3)",
            "api/Dockerfile @ api (compose compose.yaml:5)",
            "ops/Dockerfile @ ops (compose ops/db.yaml:3)",
        ],
    );
}

#[test]
fn build_push_action_sends_the_repository_by_git_unless_told() {
    let steps = "jobs:\n  a:\n    env:\n      DIR: api\n    steps:\n      - uses: docker/build-push-action@v6\n      - uses: \
                 docker/build-push-action@v6\n        with:\n          context: '{{defaultContext}}:api'\n      - uses: docker/build-push-action@v6\n        \
                 with:\n          context: .\n          file: api/Dockerfile\n          target: x\n      - uses: docker/build-push-action@v6\n        \
                 with:\n          context: ${{ env.DIR }}\n      - uses: docker/build-push-action@v6\n        with:\n          \
                 context: ${{ matrix.dir }}\n      - uses: docker/build-push-action@v6\n        with:\n          file: api/Dockerfile\n";
    check(
        &[(".github/workflows/ci.yml", steps), ("Dockerfile", FROM), ("api/Dockerfile", FROM)],
        &[
            "Dockerfile @ git . (workflow .github/workflows/ci.yml:6)",
            "api/Dockerfile @ git api (workflow .github/workflows/ci.yml:9)",
            "api/Dockerfile @ . [x] (workflow .github/workflows/ci.yml:12)",
            "api/Dockerfile @ api (workflow .github/workflows/ci.yml:17)",
            "api/Dockerfile @ git . (workflow .github/workflows/ci.yml:23)",
            "? the context of a build is only known when it runs: `${{ matrix.dir }}`",
        ],
    );
}

#[test]
fn the_first_build_push_action_sends_the_checkout() {
    let steps = "jobs:\n  a:\n    steps:\n      - uses: docker/build-push-action@v1\n        with: {dockerfile: api/Dockerfile}\n      - uses: \
                 docker/build-push-action@v1.1\n        with: {path: api}\n";
    check(
        &[(".github/workflows/ci.yml", steps), ("api/Dockerfile", FROM)],
        &[
            "api/Dockerfile @ . (workflow .github/workflows/ci.yml:5)",
            "api/Dockerfile @ api (workflow .github/workflows/ci.yml:7)",
        ],
    );
}

#[test]
fn scripts_of_workflows_build_too() {
    let workflow = "env:\n  API: api\njobs:\n  a:\n    defaults: {run: {working-directory: web}}\n    steps:\n      - run: docker build .\n      \
                    - run: |\n          echo \"${{ github.sha }}\"\n          cd ../$API\n          docker build \\\n            -t \
                    x:${{ github.sha }} \\\n            -f Dockerfile.prod --target run .\n      - working-directory: .\n        \
                    run: >-\n          docker buildx build\n          ${{ github.workspace }}/api\n      - run: docker build ${{ matrix.dir }}\n      \
                    - shell: pwsh\n        run: docker build other\n";
    let action = "runs:\n  using: composite\n  steps:\n    - run: podman build api\n      shell: bash\n";
    check(
        &[
            (".github/workflows/ci.yml", workflow),
            ("actions/x/action.yml", action),
            ("api/Dockerfile", FROM),
            ("api/Dockerfile.prod", FROM),
            ("web/Dockerfile", FROM),
        ],
        &[
            "web/Dockerfile @ web (workflow .github/workflows/ci.yml:7)",
            "api/Dockerfile.prod @ api [run] (workflow .github/workflows/ci.yml:13)",
            "api/Dockerfile @ api (workflow .github/workflows/ci.yml:17)",
            "api/Dockerfile @ api (action actions/x/action.yml:4)",
            "? the context of a build is only known when it runs: `${{ matrix.dir }}`",
        ],
    );
}

#[test]
fn checkouts_elsewhere_in_the_workspace_are_heeded() {
    let steps = "jobs:\n  a:\n    steps:\n      - uses: actions/checkout@v4\n        with: {path: src}\n      - uses: actions/checkout@v4\n        \
                 with: {repository: x/y, path: other}\n      - uses: docker/build-push-action@v6\n        with: {context: src/api, file: \
                 src/api/Dockerfile}\n      - uses: docker/build-push-action@v6\n        with: {context: other}\n";
    check(
        &[(".github/workflows/ci.yml", steps), ("api/Dockerfile", FROM)],
        &[
            "api/Dockerfile @ api (workflow .github/workflows/ci.yml:9)",
            "missing Dockerfile @ other (workflow .github/workflows/ci.yml:11)",
            "? the context `other` of a build is out of sight",
        ],
    );
}

#[test]
fn a_container_action_builds_in_its_own_folder() {
    check(
        &[
            ("action.yml", "runs:\n  using: docker\n  image: Dockerfile\n"),
            ("sub/action.yaml", "runs:\n  using: docker\n  image: docker/Dockerfile.x\n"),
            ("image/action.yml", "runs:\n  using: docker\n  image: docker://alpine\n"),
            ("Dockerfile", FROM),
            ("sub/docker/Dockerfile.x", FROM),
        ],
        &["Dockerfile @ . (action action.yml:3)", "sub/docker/Dockerfile.x @ sub/docker (action sub/action.yaml:3)"],
    );
}

#[test]
fn convention_takes_the_own_folder_or_the_root_where_the_sources_are() {
    check(
        &[
            ("Dockerfile", FROM),
            ("a/Dockerfile", "FROM x\nCOPY src /src\n"),
            ("a/src/x", ""),
            ("b/Dockerfile", "FROM x\nCOPY b/src package.json /src/\nCOPY --from=y z z\nCOPY *.txt /\n"),
            ("b/src/x", ""),
            ("c/Dockerfile", "FROM x\nCOPY nowhere package.json /src/\n"),
            ("d/Dockerfile.part", "RUN x\n"),
            ("e/Dockerfile.md", FROM),
            ("package.json", ""),
        ],
        &[
            "Dockerfile @ . (convention Dockerfile:1)",
            "a/Dockerfile @ a (convention a/Dockerfile:1)",
            "b/Dockerfile @ . (convention b/Dockerfile:1)",
            "c/Dockerfile @ c (convention c/Dockerfile:1)",
        ],
    );
    // Each folder has what the other lacks: then it is a mistake, or a file that is made first, and no sign of the root.
    let both = "FROM a\nCOPY package.json ./\nCOPY nginx/default.conf /etc/\n";
    let files = [("client/Dockerfile", both), ("client/package.json", "{}"), ("nginx/default.conf", "")];
    check(&files, &["client/Dockerfile @ client (convention client/Dockerfile:1)"]);
}

#[test]
fn settings_name_builds_and_leave_paths_out() {
    let exclude = globset::GlobSetBuilder::new().add(globset::Glob::new("old/**").unwrap()).build().unwrap();
    let build = BuildSetting {
        dockerfile: "ops/app.txt".to_owned(),
        context: ".".to_owned(),
        target: Some("prod".to_owned()),
        args: BTreeMap::new(),
    };
    let settings = Settings { exclude, builds: vec![build], ..Settings::default() };
    check_with(
        &settings,
        &[
            ("compose.yaml", "services:\n  a:\n    build: old\n"),
            ("old/Dockerfile", FROM),
            ("ops/app.txt", FROM),
            ("plimsoll.yaml", "builds:\n  - dockerfile: ops/app.txt\n"),
        ],
        &["ops/app.txt @ . [prod] (settings plimsoll.yaml:2)"],
    );
}

#[test]
fn development_and_test_images_are_no_products() {
    let files = [
        (".devcontainer/Dockerfile", FROM),
        (".devcontainer/compose.yaml", "services:\n  a:\n    build: .\n"),
        ("Dockerfile", FROM),
        ("Dockerfile.test", FROM),
        ("tests/Dockerfile", FROM),
        ("tests/named/Dockerfile", FROM),
        ("compose.yaml", "services:\n  a:\n    build: tests/named\n"),
        ("latest/Dockerfile", FROM),
    ];
    let snapshot = Snapshot::from_texts("t", files);
    let settings = Settings::default();
    let project = Project::new(&snapshot, &settings);
    let products: Vec<_> =
        project.builds.iter().filter(|build| build.is_product()).map(|build| &*build.dockerfile_path).collect();
    assert_eq!(products, ["tests/named/Dockerfile", "Dockerfile", "latest/Dockerfile"]);
}

#[test]
fn bake_files_name_builds() {
    let hcl = "group \"default\" { targets = [\"api\", \"web\"] }\ntarget \"_base\" { args = { V = \"1\" } }\ntarget \"api\" {\n  \
               inherits = [\"_base\"]\n  context = \"api\"\n}\ntarget \"web\" {\n  context = \".\"\n  dockerfile = \"web/Dockerfile\"\n  \
               target = \"run\"\n}\ntarget \"text\" {\n  dockerfile-inline = \"FROM x\"\n}\ntarget \"env\" { context = \"${DIR}\" }\n";
    check(
        &[("api/Dockerfile", FROM), ("docker-bake.hcl", hcl), ("web/Dockerfile", FROM)],
        &[
            "api/Dockerfile @ api (bake docker-bake.hcl:5)",
            "web/Dockerfile @ . [run] (bake docker-bake.hcl:8)",
            "? the Dockerfile of target `text` stands in the bake file and is not judged",
            "? the context of a build is only known when it runs: `\"${DIR}\"`",
        ],
    );
}

#[test]
fn a_bake_file_starts_where_it_is_started() {
    let hcl = "target \"default\" {\n  context = \".\"\n}\n";
    let run = |command: &str| format!("jobs:\n  a:\n    steps:\n      - run: {command}\n");
    let files = [("ci/Dockerfile", FROM), ("ci/docker-bake.hcl", hcl), ("Dockerfile", FROM)];
    let with = |command: &str, expected: &[&str]| {
        let workflow = run(command);
        let mut files = files.to_vec();
        files.push((".github/workflows/ci.yml", &workflow));
        check(&files, expected);
    };
    with(
        "docker buildx bake -f ci/docker-bake.hcl",
        &["Dockerfile @ . (bake ci/docker-bake.hcl:2)", "ci/Dockerfile @ ci (convention ci/Dockerfile:1)"],
    );
    with(
        "cd ci && docker buildx bake",
        &["ci/Dockerfile @ ci (bake ci/docker-bake.hcl:2)", "Dockerfile @ . (convention Dockerfile:1)"],
    );
    with(
        "docker buildx bake -f ci/docker-bake.hcl -f $X --set *.context=x --set *.output=y",
        &[
            "Dockerfile @ . (bake ci/docker-bake.hcl:2)",
            "ci/Dockerfile @ ci (convention ci/Dockerfile:1)",
            "? `--set *.context=x` changes what bake files say, and is not applied",
            "? a bake file is only known when it runs: `$X`",
        ],
    );
    check(
        &[("ci/app.docker-bake.hcl", hcl), ("Dockerfile", FROM)],
        &["Dockerfile @ . (bake ci/app.docker-bake.hcl:2)"],
    );
}

#[test]
fn bake_action_reads_the_repository_by_git_unless_told() {
    let hcl = "target \"default\" {\n  context = \"api\"\n  dockerfile = \"D\"\n}\n";
    let step = |uses: &str| format!("jobs:\n  a:\n    steps:\n      - uses: docker/bake-action@{uses}\n");
    let commit = "3acf805d94d93a86cce4ca44798a76464a75b88c";
    for (uses, context) in [
        ("v6", "git api"),
        ("v5", "api"),
        ("v5.1.0", "api"),
        ("v6\n        with: {source: .}", "api"),
        (
            "v7\n        with:\n          files: |\n            ./docker-bake.hcl\n            cwd://${{ steps.meta.outputs.bake-file }}\n",
            "git api",
        ),
        (&format!("{commit} # v5.2.0"), "api"),
        (&format!("{commit} # v6.2.0"), "git api"),
    ] {
        let workflow = step(uses);
        let files = [(".github/workflows/ci.yml", &*workflow), ("api/D", FROM), ("docker-bake.hcl", hcl)];
        check(&files, &[&format!("api/D @ {context} (bake docker-bake.hcl:2)")]);
    }
}

#[test]
fn makefiles_name_builds_from_their_own_folder() {
    let makefile = "IMAGE ?= app\nDIR = web\n\nbuild:\n\t@docker build -t $(IMAGE) -f ops/Dockerfile .\n\ndeep:\n\tcd $(DIR) && $(DOCKER) build .\n\tdocker build $(UNKNOWN)\n\t$(MAKE) -C api image\n";
    check(
        &[
            ("Makefile", makefile),
            ("api/Makefile", "include ../common.mk\nimage:\n\tdocker build $(FLAGS) .\n"),
            ("common.mk", "FLAGS = --target prod\nx:\n\tdocker build -f Dockerfile.x $(CURDIR)\n"),
            ("ops/Dockerfile", FROM),
            ("web/Dockerfile", FROM),
            ("api/Dockerfile", "FROM a AS prod\n"),
            ("api/Dockerfile.x", FROM),
        ],
        &[
            "ops/Dockerfile @ . (script Makefile:5)",
            "web/Dockerfile @ web (script Makefile:8)",
            "api/Dockerfile @ api [prod] (script api/Makefile:3)",
            "api/Dockerfile.x @ api (script common.mk:3)",
            "? the context of a build is only known when it runs: `$(UNKNOWN)`",
        ],
    );
}

#[test]
fn a_makefile_that_a_command_starts_elsewhere_starts_there() {
    check(
        &[
            (".github/workflows/ci.yml", "jobs: {a: {steps: [{run: make -f build/Makefile image}]}}\n"),
            ("build/Makefile", "image:\n\tdocker build -f build/Dockerfile .\n"),
            ("build/Dockerfile", FROM),
        ],
        &["build/Dockerfile @ . (script build/Makefile:2)"],
    );
}

#[test]
fn scripts_name_builds_from_where_they_are_started() {
    check(
        &[
            (".github/workflows/ci.yml", "jobs: {a: {steps: [{run: cd web && ../tools/image}]}}\n"),
            ("tools/image", "#!/bin/sh\ndocker build .\n"),
            ("scripts/own.sh", "#!/usr/bin/env bash\ncd \"$(dirname \"$0\")/../api\"\ndocker build .\n"),
            ("scripts/root.sh", "docker build -f ops/Dockerfile .\n"),
            ("db/build.sh", "docker build -f Dockerfile.db .\n"),
            ("lib/x.py", "docker build .\n"),
            ("web/Dockerfile", FROM),
            ("api/Dockerfile", FROM),
            ("ops/Dockerfile", FROM),
            ("db/Dockerfile.db", FROM),
        ],
        &[
            "web/Dockerfile @ web (script tools/image:2)",
            "db/Dockerfile.db @ db (script db/build.sh:1)",
            "api/Dockerfile @ api (script scripts/own.sh:3)",
            "ops/Dockerfile @ . (script scripts/root.sh:1)",
        ],
    );
    check(
        &[("scripts/x.sh", "docker build .\n"), ("scripts/Dockerfile", FROM), ("Dockerfile", FROM)],
        &[
            "Dockerfile @ . (convention Dockerfile:1)",
            "scripts/Dockerfile @ scripts (convention scripts/Dockerfile:1)",
            "? the context of a build is only known when it runs: `.`",
        ],
    );
}

#[test]
fn packages_skaffold_and_development_containers_name_builds() {
    check(
        &[
            (
                "web/package.json",
                "{\"scripts\": {\"image\": \"docker build -t web . && cd ../api && docker build .\"}}",
            ),
            ("skaffold.yaml", "build:\n  artifacts:\n    - image: db\n      context: db\n"),
            (
                ".devcontainer/devcontainer.json",
                "// x\n{\"build\": {\"dockerfile\": \"../Dockerfile\", \"context\": \"..\", \"target\": \"dev\"}}",
            ),
            ("Dockerfile", "FROM a AS dev\nFROM b\n"),
            ("web/Dockerfile", FROM),
            ("api/Dockerfile", FROM),
            ("db/Dockerfile", FROM),
        ],
        &[
            "web/Dockerfile @ web (script web/package.json:1)",
            "api/Dockerfile @ api (script web/package.json:1)",
            "db/Dockerfile @ db (script skaffold.yaml:4)",
            "Dockerfile @ . [dev] (script .devcontainer/devcontainer.json:2)",
            // Others run something else of it.
            "Dockerfile @ . (convention Dockerfile:1)",
        ],
    );
}

#[test]
fn an_ignore_file_that_only_a_script_uses_is_alive() {
    let dead = |files: &[(&str, &str)]| {
        let snapshot = Snapshot::from_texts("t", files.iter().copied());
        let settings = Settings::default();
        let project = Project::new(&snapshot, &settings);
        project.contexts.dead.iter().map(|dead| dead.certain).collect::<Vec<_>>()
    };
    let compose = ("compose.yaml", "services:\n  api:\n    build: api\n");
    let files = [compose, (".dockerignore", "x\n"), ("api/Dockerfile", FROM)];
    assert_eq!(dead(&files), [true]);
    let script = ("build.sh", "docker build -f api/Dockerfile .\n");
    assert_eq!(dead(&[&files[..], &[script]].concat()), [true; 0]);
    // What is not known may be anything.
    let script = ("build.sh", "docker build -f api/Dockerfile $CONTEXT\n");
    assert_eq!(dead(&[&files[..], &[script]].concat()), [false]);
}

#[test]
fn a_matrix_names_a_build_for_each_of_its_runs() {
    let workflow = "jobs:\n  a:\n    runs-on: ubuntu-latest\n    strategy:\n      matrix:\n        service: [api, web]\n        include:\n          - {service: api, file: ops/api}\n    steps:\n      - uses: docker/build-push-action@v6\n        with:\n          context: ${{ matrix.service }}\n          file: ${{ matrix.file || 'x' }}\n      - run: docker build ${{ matrix.service }}\n      - run: docker build db\n";
    check(
        &[
            (".github/workflows/ci.yml", workflow),
            ("api/Dockerfile", FROM),
            ("web/Dockerfile", FROM),
            ("db/Dockerfile", FROM),
        ],
        &[
            "api/Dockerfile @ api (workflow .github/workflows/ci.yml:14)",
            "db/Dockerfile @ db (workflow .github/workflows/ci.yml:15)",
            "web/Dockerfile @ web (workflow .github/workflows/ci.yml:14)",
            "? the Dockerfile of a build is only known when it runs: `${{ matrix.file || 'x' }}`",
        ],
    );
}

#[test]
fn builds_in_the_settings_that_are_not_there_are_told() {
    let snapshot = Snapshot::from_texts("t", [("README.md", "")]);
    let mut settings = Settings::default();
    settings.builds.push(crate::settings::BuildSetting {
        dockerfile: "gone/Dockerfile".to_owned(),
        context: ".".to_owned(),
        target: None,
        args: BTreeMap::new(),
    });
    let project = Project::new(&snapshot, &settings);
    let gaps: Vec<&str> = project.gaps.iter().map(|gap| gap.message.as_str()).collect();
    assert_eq!(gaps, [format!("the build of `gone/Dockerfile` is not judged: {NO_FILE}")]);
}

#[test]
fn other_systems_of_ci_make_assumptions_uncertain() {
    let snapshot = Snapshot::from_texts("t", [("Dockerfile", FROM), ("ci/Jenkinsfile", "")]);
    let settings = Settings::default();
    let project = Project::new(&snapshot, &settings);
    let words = project.assumption(&project.builds[0]).unwrap();
    assert!(words.contains("`ci/Jenkinsfile`, which is not read"), "{words}");
    for (text, uncertain) in [("build:\n  docker build -f Dockerfile api\n", true), ("test:\n  cargo test\n", false)] {
        let snapshot = Snapshot::from_texts("t", [("Dockerfile", FROM), ("justfile", text)]);
        let project = Project::new(&snapshot, &settings);
        let words = project.assumption(&project.builds[0]).unwrap();
        assert_eq!(words.contains("`justfile`, which is not read"), uncertain, "{words}");
    }
}
