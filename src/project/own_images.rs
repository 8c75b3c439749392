//! The images that a repository makes itself: whoever is FROM one of them gets what the same change builds.

use std::collections::BTreeSet;

use super::{Build, OriginKind, catalogue};
use crate::artifact::image_reference::ImageReference;

/// The images that the builds of a project make, as far as their names are known.
#[derive(Debug, Default)]
pub struct OwnImages {
    /// Registry and path of every `-t`, `tags:` and `image:` beside `build:`.
    names: BTreeSet<String>,
    /// Compose services and bake targets.
    services: BTreeSet<String>,
}

impl OwnImages {
    /// What the builds are called.
    pub(super) fn new(builds: &[Build]) -> Self {
        let mut own = Self::default();
        for build in builds {
            let references = build.tags.iter().filter_map(|tag| ImageReference::parse(tag).ok());
            own.names.extend(references.map(|reference| reference.name()));
            let origins = build.origins.iter();
            let by_name = origins.filter(|it| matches!(it.kind, OriginKind::Compose | OriginKind::Bake));
            own.services.extend(by_name.filter_map(|origin| origin.service.clone()));
        }
        own
    }

    /// Whether the repository builds an image of that name, whatever its tag. Compose calls what it builds after the project
    /// and the service (`shop-api`); a service that has the name of a well-known image (`nginx`) proves nothing.
    pub fn contains(&self, reference: &ImageReference) -> bool {
        if self.names.contains(&reference.name()) {
            return true;
        }
        let name = reference.familiar_name();
        if name.contains('/') || catalogue::is_known(&name) {
            return false;
        }
        self.services.contains(&name)
            || name
                .match_indices(['-', '_'])
                .any(|(at, _)| at > 0 && name.get(at + 1..).is_some_and(|service| self.services.contains(service)))
    }
}

#[cfg(test)]
mod tests {
    use crate::artifact::image_reference::ImageReference;
    use crate::project::Project;
    use crate::settings::Settings;
    use crate::snapshot::Snapshot;

    #[test]
    fn images_of_the_repository_are_known_by_all_their_names() {
        let snapshot = Snapshot::from_texts(
            "head",
            [
                (
                    "compose.yaml",
                    "services:\n  api:\n    build: api\n    image: org/api:${TAG}\n  nginx:\n    build: web\n",
                ),
                ("docker-bake.hcl", "target \"tools\" {\n  context = \"tools\"\n}\n"),
                (
                    ".github/workflows/ci.yml",
                    "on: push\njobs:\n  x:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: actions/checkout@v4\n      - run: docker build -t ghcr.io/org/base:$GITHUB_SHA base\n",
                ),
            ],
        );
        let settings = Settings::default();
        let project = Project::new(&snapshot, &settings);
        for (name, own) in [
            ("org/api", true),
            ("org/api:1", true),
            ("docker.io/org/api", true),
            ("ghcr.io/org/base", true),
            ("tools", true),
            ("shop-api", true),
            ("shop_api:latest", true),
            ("nginx", false),
            ("shop-apis", false),
            ("other/api", false),
        ] {
            assert_eq!(project.own_images.contains(&ImageReference::parse(name).unwrap()), own, "{name}");
        }
    }
}
