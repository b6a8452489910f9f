"""Names of files that hold secrets, and must never be read."""

SECRET = [
    ".env", ".env.production", ".envrc", "prod.env", ".env.local.bak", "server.pem", "tls.key", "a.p12", "a.pfx", "a.jks",
    "release.keystore", "id_rsa", "id_rsa.pub", "id_ed25519", "id_ecdsa_sk", "id_ed25519-work", "ssh_host_rsa_key",
    ".npmrc", ".yarnrc.yml", ".pypirc", ".netrc", "_netrc", ".git-credentials", ".pgpass", ".htpasswd", ".vault-token",
    "kubeconfig", "prod.kubeconfig", "kubeconfig.yaml", "credentials", "credentials.json", "client_secret_1.json",
    "service-account.json", "x-firebase-adminsdk-1.json", "terraform.tfstate", "terraform.tfstate.backup",
    "terraform.tfstate.1609459200.backup", "prod.tfvars", "prod.auto.tfvars.json", "secrets.yaml", "secret.toml",
    "vault.kdbx", ".bash_history", ".dev.vars", "local.settings.json", "auth.json", "openrc", "mail.gpg",
    ".git", ".ssh", ".gnupg", ".aws/credentials", ".aws/config", ".kube/config", ".docker/config.json",
    ".config/gcloud/a/b.db", ".config/gh/hosts.yml", ".cargo/credentials.toml", ".m2/settings.xml",
    ".git/config", ".ssh/config", ".env/production", ".envs/.local/.django", ".terraform/environment",
]  # fmt: skip
