use super::*;
use crate::artifact::shell;
use crate::span::FileId;

/// Each build of a script as `engine context dockerfile [target] args tags`, unknown values in `<>`.
fn check(text: &str, expected: &[&str]) {
    let masked = text.replace("${{ x }}", &EXPRESSION.to_string().repeat(8));
    let body = shell::parse_file(&masked, Span::new(FileId(0), 0..text.len()));
    let surroundings = Surroundings {
        source: text,
        folder: Some(String::new()),
        variable: &|name| (name == "KNOWN").then(|| "known".to_owned()),
        expression: &|text| text.contains("known").then(|| text.replace("${{ x }}", "x")),
    };
    let given = |given: &Given| match given {
        Given::Known(text) => text.clone(),
        Given::Unknown(text) => format!("<{text}>"),
    };
    let shown = |call: BuildCall| {
        let engine = if call.engine == Engine::Podman { "podman " } else { "" };
        let context = match &call.context {
            CallContext::Path(path) => path.clone(),
            CallContext::Git(dir) => format!("git:{dir}"),
            CallContext::Elsewhere(what) => format!("elsewhere:{what}"),
            CallContext::Unknown(what) => format!("<{what}>"),
        };
        let dockerfile = call.dockerfile.as_ref().map(|file| format!(" -f {}", given(file))).unwrap_or_default();
        let target = call.target.as_ref().map(|target| format!(" [{}]", given(target))).unwrap_or_default();
        let args: String =
            call.args.iter().map(|(name, value)| format!(" {name}={}", value.as_deref().unwrap_or("?"))).collect();
        let tags: String = call.tags.iter().map(|tag| format!(" #{tag}")).collect();
        format!("{engine}{context}{dockerfile}{target}{args}{tags}")
    };
    let bake = |call: BakeCall| {
        let files: String = call.files.iter().map(|file| format!(" -f {}", given(file))).collect();
        let words: String = call.targets.iter().chain(&call.overrides).map(|word| format!(" {word}")).collect();
        format!("bake in {}{files}{words}", call.folder.as_deref().unwrap_or("?"))
    };
    let calls = calls(&body, &surroundings);
    let builds = calls.builds.into_iter().map(shown);
    let found: Vec<String> = builds.chain(calls.bakes.into_iter().map(bake)).collect();
    assert_eq!(found, expected, "{text}");
}

#[test]
fn builds_are_found_with_their_flags() {
    check("docker build .", &["."]);
    check(
        "docker build -t app:1 -f ops/Dockerfile --target=prod --build-arg A=1 --build-arg B ./api",
        &["api -f ops/Dockerfile [prod] A=1 B=? #app:1"],
    );
    check(
        "sudo docker --context x buildx build --platform linux/amd64,linux/arm64 --push -t a -qt b --no-cache .",
        &[". #a #b"],
    );
    check("docker image build api && docker builder build web && docker buildx b x", &["api", "web", "x"]);
    check(
        "podman build -f api/Containerfile --format docker\nbuildah bud --layers -t x api",
        &["podman . -f api/Containerfile", "podman api #x"],
    );
    check(
        "DOCKER_BUILDKIT=1 docker build \\\n  --tag \"x y\" \\\n  --file=a/Dockerfile \\\n  a/",
        &["a -f a/Dockerfile #x y"],
    );
    check("docker build --help; docker run build; echo docker build .; docker compose build", &[]);
    check(
        "docker build https://github.com/a/b.git; docker build - < Dockerfile; cat x | docker build -",
        &["elsewhere:https://github.com/a/b.git", "elsewhere:- < Dockerfile", "elsewhere:-"],
    );
}

#[test]
fn bakes_are_found_with_their_files() {
    check("docker buildx bake", &["bake in "]);
    check(
        "cd ops && docker buildx bake -f a.hcl --file=b.hcl -fc.json --set *.target=x --push --builder y app $Z",
        &["bake in ops -f a.hcl -f b.hcl -f c.json app *.target=x"],
    );
    check("docker buildx bake --print; docker bake; docker buildx bake https://github.com/a/b.git", &[]);
    check("docker buildx bake -f $FILE", &["bake in  -f <$FILE>"]);
}

#[test]
fn what_a_variable_decides_is_unknown() {
    check("docker build -f $FILE -t $TAG \"$DIR\"", &["<\"$DIR\"> -f <$FILE>"]);
    check("docker build --target \"$TARGET\" --build-arg V=$V $KNOWN", &["known [<\"$TARGET\">] V=?"]);
    check("DIR=api; docker build $DIR", &["api"]);
    check(
        "docker build ${{ x }}/known; docker build ${{ x }}; docker build \"${{ x }}/known\"",
        &["x/known", "<${{ x }}>", "x/known"],
    );
    check("docker build \"$PWD\"; docker build $(pwd)/; docker build $(pwd)", &[".", "<$(pwd)/>", "."]);
}

#[test]
fn folders_are_followed() {
    check("cd api && docker build .", &["api"]);
    check("cd api\ncd ../web\ndocker build -f ../Dockerfile .", &["web -f Dockerfile"]);
    check("(cd api && docker build .)\n(cd web; docker build .)\ndocker build .", &["api", "web", "."]);
    check("pushd api; docker build .; popd; docker build .", &["api", "."]);
    check("cd $DIR && docker build .", &["<.>"]);
    check("if true; then cd api; fi; docker build .", &["<.>"]);
    check("for x in a b; do docker build $x; done", &["<$x>"]);
    check("cd ..; docker build ..", &["<..>"]);
    // Whether it runs is open; that it runs where it says is not.
    check("x || (echo && cd api && docker build .); docker build .", &["api", "."]);
    check("f() { cd api && docker build .; docker build .; }", &["api", "<.>"]);
    check("if x; then cd api; else docker build .; fi", &["<.>"]);
}

#[test]
fn variables_that_name_the_program_and_their_defaults_are_read() {
    check("${DOCKER:-docker} build api; $CONTAINER_RUNTIME build -f x web", &["api", "web -f x"]);
    check("$DOCKER_COMPOSE build api; $DOCKER_RUN build x; $BUILD build y", &[]);
    check("docker build -f ${FILE:-ops/Dockerfile} ${1:-.}", &[". -f ops/Dockerfile"]);
    let root = ROOT;
    check(
        &format!("cd {root}/ops/.. && cd $X; docker build {root}/api; docker build -f {root}/a b"),
        &["api", "<b> -f a"],
    );
    check(&format!("cd $X; cd {root}/ops/..; docker build api"), &["api"]);
}

#[test]
fn what_leads_to_other_files_is_found() {
    let found = |text: &str| {
        let body = shell::parse_file(text, Span::new(FileId(0), 0..text.len()));
        let surroundings =
            Surroundings { source: text, folder: Some("a".to_owned()), variable: &|_| None, expression: &|_| None };
        let calls = calls(&body, &surroundings);
        let shown = |given: &Given| match given {
            Given::Known(text) => text.clone(),
            Given::Unknown(text) => format!("<{text}>"),
        };
        let composes = calls.composes.iter().map(|call| {
            let files: Vec<String> = call.files.iter().map(shown).collect();
            let folder = call.folder.as_deref().unwrap_or("?");
            format!("compose in {folder}: {} {}", files.join("+"), call.verb.as_deref().unwrap_or("?"))
        });
        let makes =
            calls.makes.iter().map(|call| format!("make {} {}", call.folder, call.file.as_deref().unwrap_or("")));
        let scripts =
            calls.scripts.iter().map(|call| format!("{} in {}", call.path, call.folder.as_deref().unwrap_or("?")));
        composes.chain(makes).chain(scripts).collect::<Vec<_>>()
    };
    assert_eq!(
        found(
            "docker compose -f a.yml -fb.yml --profile x --env-file=.e up -d; docker-compose build; docker compose -f $X ps"
        ),
        ["compose in a: a.yml+b.yml up", "compose in a:  build", "compose in a: <$X> ps"]
    );
    assert_eq!(
        found("COMPOSE_FILE=a.yml:b.yml docker compose up; cd $X; docker compose up"),
        ["compose in a: a.yml+b.yml up", "compose in ?:  up"]
    );
    assert_eq!(
        found("make x; make -C sub y; make --directory=.. -f ops/b.mk; make -f$Z; make -C $Z; cd $Z; make x"),
        ["make a ", "make a/sub ", "make  ops/b.mk"]
    );
    assert_eq!(
        found("./b.sh x; bash -eu ../c.sh; bash -c 'x'; ls; . ./d.sh; /usr/bin/x; (cd y && ./e); ./$X/f"),
        ["a/b.sh in a", "c.sh in a", "a/d.sh in a", "a/y/e in a/y"]
    );
}
