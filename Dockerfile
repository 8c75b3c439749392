# The action's image: one static binary and the certificate authorities on an empty base, as the account that standard
# GitHub-hosted runners use, so that the runner's own files stay writable without root.

FROM rust:1.95-slim-bookworm AS build
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates musl-tools \
    && rm -rf /var/lib/apt/lists/* \
    && rustup target add "$(uname -m)-unknown-linux-musl"
WORKDIR /src

# The dependencies are a layer of their own: they are built for empty sources, and again only when the lock file changes.
COPY Cargo.toml Cargo.lock ./
RUN mkdir -p src/bin/plimsoll benches \
    && touch src/lib.rs benches/parse.rs \
    && echo 'fn main() {}' > src/bin/plimsoll/main.rs \
    && cargo build --release --locked --target "$(uname -m)-unknown-linux-musl"

# The sources are older than the empty ones just built, so cargo has to be told.
COPY src src
RUN touch src/lib.rs src/bin/plimsoll/main.rs \
    && cargo build --release --locked --target "$(uname -m)-unknown-linux-musl" \
    && install -D "target/$(uname -m)-unknown-linux-musl/release/plimsoll" /out/plimsoll

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/plimsoll /plimsoll
USER 1001:1001
ENTRYPOINT ["/plimsoll"]
CMD ["review"]
