//! What names the builds is fetched too, in as many rounds as it takes.

use super::story::Story;

const MAKEFILE: (&str, &str) = ("Makefile", "include make/images.mk\n\nimages:\n\t./hack/images.sh\n");

const INCLUDED: (&str, &str) = ("make/images.mk", "web:\n\tdocker build --file docker/web.dockerfile web\n");

const HACK: (&str, &str) =
    ("hack/images.sh", "#!/bin/sh\ncd \"$(dirname \"$0\")/..\"\ndocker build --file docker/api.dockerfile api\n");

const FROM: &str = "FROM debian:12\nCOPY app.sh /app.sh\n";

#[test]
fn builds_that_makefiles_and_scripts_name_are_judged_as_they_are() {
    let fixed = [MAKEFILE, INCLUDED, HACK, ("api/app.sh", "#!/bin/sh\n"), ("web/app.sh", "#!/bin/sh\n")];
    let with = |tail: &str| {
        let texts =
            ["docker/api.dockerfile", "docker/web.dockerfile"].map(|path| (path.to_owned(), format!("{FROM}{tail}")));
        let fixed = fixed.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
        fixed.chain(texts).collect::<Vec<_>>()
    };
    let story = Story::of_texts(&with("USER 10001\n"), &with("COPY start.sh /\nUSER 10001\n"));
    let run = story.run();
    assert_eq!(run.code, 1, "{}", run.stderr);
    let mut said: Vec<String> = story.comments().into_iter().map(|(_, body)| body).collect();
    said.sort();
    assert_eq!(said.len(), 2, "{said:#?}");
    for (body, (context, origin)) in said.iter().zip([("api", "hack/images.sh"), ("web", "make/images.mk")]) {
        assert!(body.contains("missing-copy-source"), "{body}");
        assert!(body.contains(&format!("`{context}`")) && body.contains(origin), "{body}");
    }
}
