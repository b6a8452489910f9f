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
    "passwords.txt", "mail passwords.csv", "wifipasswords.ods", "db_password", "recovery-codes.txt", "seed_phrase.md",
    "backup codes.txt", "vault-password.txt", "secrets.prod.yaml", "app-secrets.yaml", "values-secrets.json",
    "appsettings.Secrets.json", "api-keys.json", "apikey.txt", "my_private_key", "access_token.txt", "mail.password",
    "NuGet.Config", "keystore.properties", "key.properties", "signing.properties", "deploy_key", "my_id_rsa",
    "private.asc", "keys.txt", "wg0.conf", ".sentryclirc", ".mongorc.js", "kaggle.json", "rclone.conf", "token.json",
    ".huggingface/token", "http-client.private.env.json", "sftp-config.json", "credentials.xml",
    "hudson.util.Secret", "htpasswd", "shadow", ".subversion/auth/svn.simple/abc", "cookies.txt", "session.har",
    "prod.postman_environment.json", "x.psafe3", "bitwarden_export_1.json", ".local/share/fish/fish_history",
    "ConsoleHost_history.txt", "k3s.yaml", "talosconfig", "site.pubxml.user", ".dbt/profiles.yml", "mnemonic.txt",
    ".git/config", ".ssh/config", ".env/production", ".envs/.local/.django", ".terraform/environment",
]  # fmt: skip
