//! Databases, brokers and model servers that are published.

use crate::artifact::compose::Service;
use crate::finding::Severity;
use crate::project::Project;
use crate::project::compose::causes::{causes, is_named};
use crate::rule::{Check, Findings, Group, Rule};

pub(crate) static RULE: Rule = Rule {
    id: "published-internal-port",
    group: Group::Hardening,
    severity: Severity::Warning,
    aliases: &["compose-lint:CL-0005"],
    doc: include_str!("published_internal_port.md"),
    check: Check::Project(check),
};

/// Images of what only other services should speak to, by the last part of the name.
const INTERNAL: &[&str] = &[
    "arangodb",
    "cassandra",
    "chroma",
    "clickhouse",
    "clickhouse-server",
    "cockroach",
    "consul",
    "couchbase",
    "couchdb",
    "dragonfly",
    "elasticsearch",
    "etcd",
    "influxdb",
    "kafka",
    "keydb",
    "localai",
    "mariadb",
    "memcached",
    "milvus",
    "mongo",
    "mongodb",
    "mssql",
    "mysql",
    "nats",
    "neo4j",
    "ollama",
    "opensearch",
    "pgvector",
    "postgis",
    "postgres",
    "postgresql",
    "pulsar",
    "qdrant",
    "rabbitmq",
    "redis",
    "redis-stack",
    "redis-stack-server",
    "redpanda",
    "rethinkdb",
    "scylla",
    "solr",
    "surrealdb",
    "text-embeddings-inference",
    "text-generation-inference",
    "timescaledb",
    "typesense",
    "valkey",
    "vllm-openai",
    "weaviate",
    "zookeeper",
];

fn check(project: &Project<'_>, out: &mut Findings<'_>) {
    let found = causes(project, |application, service| {
        if !is_internal(project, service) {
            return Vec::new();
        }
        let ports = service.ports.iter().filter(|port| {
            // What a variable decides may be loopback.
            let host = port.host_ip.as_ref();
            !host.is_some_and(|host| host.known().is_none_or(is_loopback))
        });
        let files = application.files.iter().filter_map(|&at| project.composes.get(at));
        let local = |path: &str| {
            is_named(path, &["dev", "devel", "develop", "development", "local", "override", "test", "tests", "ci"])
        };
        let ports = ports.map(|port| {
            let path = project.snapshot.path(port.span.file);
            let only_local =
                files.clone().count() == 1 && files.clone().any(|compose| local(project.snapshot.path(compose.file)));
            let severity = if local(path) || only_local { Severity::Notice } else { Severity::Warning };
            let target = port.target.as_ref().map(|target| target.text.clone()).unwrap_or_default();
            let image = service.image.as_ref().map(|image| image.text.clone()).unwrap_or_default();
            (
                port.span,
                severity,
                format!("port {target} of `{}`", if image.is_empty() { &service.name } else { &image }),
            )
        });
        ports.collect()
    });
    for cause in found {
        let message = format!("{} ({}) can be reached from outside of the host", cause.what, cause.who());
        let path = project.snapshot.path(cause.span.file);
        out.report(cause.span, message)
            .severity(cause.severity)
            .help("take it out: services of the application reach it by its name; for the host alone, `127.0.0.1:` in front")
            .identity(path, format!("{} {}", cause.what, cause.first()));
    }
}

/// Whether the settings name a service, or its image is one that only other services should speak to.
fn is_internal(project: &Project<'_>, service: &Service) -> bool {
    let settings = &project.settings.internal_services;
    let image = service.image.as_ref().filter(|_| service.build.is_none());
    let image = image.map(|image| image.text.to_ascii_lowercase()).unwrap_or_default();
    let repository = image.split('@').next().unwrap_or_default();
    let name = repository.rsplit('/').next().unwrap_or_default().split(':').next().unwrap_or_default();
    settings.contains(&service.name) || INTERNAL.binary_search(&name).is_ok()
}

fn is_loopback(address: &str) -> bool {
    address.starts_with("127.") || matches!(address, "::1" | "localhost")
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_images_are_sorted() {
        assert!(super::INTERNAL.is_sorted());
    }
}
