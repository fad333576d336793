"""Kubeconfigs: as a file or as a secret, and whether the context that is asked for is in them.

https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/
"""

from pathlib import PurePath

from pydantic import SecretStr, ValidationInfo, field_validator

from falco_firelens.settings.strangers import check_kubeconfig, of_stranger
from falco_firelens.settings.validation.errors import mistake
from falco_firelens.settings.validation.files import ProjectFile, files_of
from falco_firelens.settings.validation.model import Model
from falco_firelens.settings.validation.raw import Encrypted, items_of, keys_of, plain
from falco_firelens.settings.validation.wording import SECRET_TEXT, describe_text
from falco_firelens.settings.validation.yaml_text import DocumentError, KeyTwice, kubeconfig_tree


class Kubeconfig(Model):
    """Where the kubeconfig of an existing cluster is. Once loaded, `kubeconfig` has the text wherever it came from."""

    kubeconfig_file: ProjectFile | None = None
    """Path of the kubeconfig, relative to the project's folder. Not beside `kubeconfig`."""

    kubeconfig: SecretStr | None = None
    """The kubeconfig itself, as a secret:
    `pulumi config set --secret --path 'falco-firelens:clusters[0].existing.kubeconfig' "$(cat FILE)"`."""

    @field_validator("kubeconfig_file")
    @classmethod
    def _is_one(cls, name: str | None, info: ValidationInfo) -> str | None:
        if name is not None:
            contexts(files_of(info).text(name), describe_text(name))
        return name

    @field_validator("kubeconfig")
    @classmethod
    def _one_of_both(cls, kubeconfig: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        file = info.data.get("kubeconfig_file")
        if kubeconfig is None:
            return None if file is None else SecretStr(files_of(info).text(file))
        if file is not None:
            raise mistake("either kubeconfigFile or kubeconfig", found="both")
        if not isinstance(kubeconfig, Encrypted):
            text = kubeconfig.get_secret_value()
            contexts(text, SECRET_TEXT)
            if of_stranger(info):
                check_kubeconfig(keys_of(plain(kubeconfig_tree(text))), SECRET_TEXT)
        return kubeconfig


def contexts(text: str, found: str) -> tuple[str, ...]:
    """Return the names of a kubeconfig's contexts.

    `found` says in a message what the text is. Raises PydanticCustomError when it is no kubeconfig.
    """
    try:
        config = keys_of(plain(kubeconfig_tree(text)))
    except KeyTwice as error:
        raise mistake("a kubeconfig", found=f"{found}, which has a key twice, at {error.lines}") from None
    except DocumentError:
        raise mistake("a kubeconfig", found=f"{found}, which is not YAML") from None
    missing = [key for key in ("clusters", "contexts", "users") if not isinstance(config.get(key), tuple)]
    if missing:
        raise mistake("a kubeconfig", found=f"{found}, which has no list of {', '.join(missing)}")
    if any(_names_a_relative_file(entry) for key in ("clusters", "users") for entry in items_of(config[key])):
        raise mistake(
            "absolute ones, or none: kubectl config view --flatten", found=f"{found}, with paths relative to it"
        )
    names = [keys_of(item).get("name") for item in items_of(config["contexts"])]
    return tuple(name for name in names if isinstance(name, str))


def _names_a_relative_file(entry: object) -> bool:
    """Return whether a kubeconfig names a relative file: the provider would look for it in the engine's folder."""
    keys = keys_of(entry)
    below = {**keys_of(keys.get("cluster")), **keys_of(keys.get("user"))}
    paths = [below.get(key) for key in ("certificate-authority", "client-certificate", "client-key", "tokenFile")]
    return any(isinstance(path, str) and not PurePath(path).is_absolute() for path in paths)


def check_context(context: str | None, kubeconfig: object) -> None:
    """Raise PydanticCustomError where a kubeconfig lacks the context, or has no current one when none is asked for.

    What has not been decrypted, or has not passed its own checks, is let pass.
    """
    if not isinstance(kubeconfig, SecretStr) or isinstance(kubeconfig, Encrypted):
        return
    text = kubeconfig.get_secret_value()
    names = contexts(text, SECRET_TEXT)
    if (context or keys_of(kubeconfig_tree(text)).get("current-context")) not in names:
        found = describe_text(context) if context else "a kubeconfig without a current context"
        known = ", ".join(describe_text(name) for name in names) or "but it has none"
        raise mistake(f"a context of the kubeconfig: {known}", found=found)
