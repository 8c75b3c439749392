//! Whether anything asks the services of compose applications whether they still answer, and which image they run.

use std::collections::BTreeMap;

use super::compose::Application;
use super::image::{Base, Part};
use super::runtime::library_name;
use super::{Build, OriginKind, Project, catalogue};
use crate::artifact::compose::Service;
use crate::artifact::dockerfile::{Healthcheck, InstructionKind};
use crate::artifact::image_reference::ImageReference;
use crate::span::Span;

/// Images of the catalogue that bring a HEALTHCHECK of their own. Source: their Dockerfiles.
const WITH_CHECK: &[&str] = &[
    "gitlab/gitlab-ce",
    "gitlab/gitlab-ee",
    "vaultwarden/server",
    "mysql/mysql-server",
    "pihole/pihole",
    "portainer/portainer-ce",
    "selenium/standalone-chrome",
];

/// Who asks whether a service still answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// Its `healthcheck:`, or the HEALTHCHECK of its image.
    Asked,
    /// Nobody: it is switched off here.
    Off(Span),
    /// Nobody: neither has one.
    Missing,
    /// The image is not known.
    Unknown,
}

/// The builds that make the images of services.
#[derive(Debug)]
pub struct ServiceBuilds<'p> {
    project: &'p Project<'p>,
    /// By name of the service and the place that says what is sent.
    by_place: BTreeMap<(&'p str, Span), &'p Build>,
    /// By the address of the build.
    users: BTreeMap<usize, Vec<(&'p Application, &'p Service)>>,
}

impl<'p> ServiceBuilds<'p> {
    /// Those of a project.
    pub fn of(project: &'p Project<'p>) -> Self {
        let origins = project.builds.iter().flat_map(|build| build.origins.iter().map(move |origin| (build, origin)));
        let of_services = origins.filter(|(_, origin)| origin.kind == OriginKind::Compose);
        let by_place = of_services
            .filter_map(|(build, origin)| Some(((origin.service.as_deref()?, origin.span), build)))
            .collect();
        let mut all = Self { project, by_place, users: BTreeMap::new() };
        for application in &project.applications {
            for service in &application.services {
                if let Some(build) = all.build(service) {
                    let place = std::ptr::from_ref(build) as usize;
                    all.users.entry(place).or_default().push((application, service));
                }
            }
        }
        all
    }

    /// The build whose image a service runs.
    pub fn build(&self, service: &Service) -> Option<&'p Build> {
        let section = service.build.as_ref()?;
        let span = section.context.as_ref().map_or(section.span, |text| text.span);
        self.by_place.get(&(&*service.name, span)).copied()
    }

    /// Who asks a service.
    pub fn health(&self, service: &Service) -> Health {
        if let Some(check) = service.at(&["healthcheck"]) {
            let disabled = check.get("disable").and_then(|node| node.as_bool()) == Some(true);
            let first = check.get("test").and_then(|test| test.items().first());
            match first.map(|first| first.known()) {
                _ if disabled => return Health::Off(check.span),
                Some(Some("NONE")) => return Health::Off(check.span),
                Some(_) => return Health::Asked,
                // What is said of intervals only is about the image's own.
                None => {}
            }
        }
        if service.build.is_some() {
            return self.build(service).map_or(Health::Unknown, |build| self.of_image(build));
        }
        let reference = service.image.as_ref().and_then(|image| image.known());
        match reference.map(ImageReference::parse) {
            Some(Ok(reference)) if !self.project.own_images.contains(&reference) && is_official(&reference) => {
                Health::Missing
            }
            _ => Health::Unknown,
        }
    }

    fn of_image(&self, build: &Build) -> Health {
        let Some(facts) = build.dockerfile.and_then(|at| self.project.dockerfiles.get(at)) else {
            return Health::Unknown;
        };
        match &build.image.config.healthcheck {
            Part::Set(setting) => match setting.instruction(&facts.syntax).map(|instruction| &instruction.kind) {
                Some(InstructionKind::Healthcheck(Healthcheck::None)) => Health::Off(setting.span),
                _ => Health::Asked,
            },
            Part::Inherited | Part::Reset(_) => match build.image.base() {
                Some(base) if has_no_check(base) => Health::Missing,
                _ => Health::Unknown,
            },
        }
    }

    /// The services that run what a build makes, in every application.
    pub fn services(&self, build: &Build) -> &[(&'p Application, &'p Service)] {
        self.users.get(&(std::ptr::from_ref(build) as usize)).map(Vec::as_slice).unwrap_or_default()
    }
}

/// Whether the base image is known to have no HEALTHCHECK: those of Docker's own library have none.
pub fn has_no_check(base: &Base) -> bool {
    let reference = match base {
        Base::Scratch => return true,
        Base::Image(value) => value.as_str(),
        Base::Stage(_) => None,
    };
    let Some(Ok(reference)) = reference.map(ImageReference::parse) else { return false };
    let name = library_name(&reference);
    (is_official(&reference) || catalogue::is_known(&name)) && !WITH_CHECK.contains(&&*name)
}

/// Whether an image is of Docker's own library, which takes none with a HEALTHCHECK
/// (<https://github.com/docker-library/faq#healthcheck>).
fn is_official(reference: &ImageReference) -> bool {
    !library_name(reference).contains('/')
}
