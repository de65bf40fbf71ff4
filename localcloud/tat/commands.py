"""Running commands on instances."""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated

from localcloud.errands import Command, Task
from localcloud.errors import InvalidParameter
from localcloud.parameters import AtMost, Between, OneOf
from localcloud.tagging import Tag
from localcloud.tat import errors
from localcloud.tat.service import SERVICE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localcloud.resources import Instance
    from localcloud.service import Answer, Call

CONTENT_BYTES = 64 * 1024
_PLACE = re.compile(r"\{\{(?P<hidden>tat-hidden:)?(?P<key>[\w-]+)\}\}")
Instances = Annotated[list[str], Between(1, 200)]
Seconds = Annotated[int, Between(1, 86_400)]
CommandTags = Annotated[list[Tag], AtMost(10)]


@dataclass(frozen=True)
class DefaultParameterConf:
    """A parameter and the value that it has where none is given."""

    parameter_name: str
    parameter_value: str
    parameter_description: str | None = None


def read_script(content: str) -> str:
    """Read a script from its Base64; raises CommandContentInvalid."""
    if len(content) > CONTENT_BYTES:
        raise errors.CommandContentInvalid(reason=f"> {CONTENT_BYTES}")
    try:
        return base64.b64decode(content, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise errors.CommandContentInvalid(reason="Base64") from error


def read_values(text: str | None, name: str) -> dict[str, str]:
    """Read parameters from their JSON; raises ParameterInvalidJsonFormat."""
    try:
        values = json.loads(text or "{}")
    except ValueError as error:
        raise errors.ParameterInvalidJsonFormat(name=name) from error
    if not isinstance(values, dict) or not all(isinstance(each, str) for each in values.values()):
        raise errors.ParameterInvalidJsonFormat(name=name)
    return values


def fill(command: Command, values: Mapping[str, str]) -> Command:
    """Put values where the script says `{{key}}`; that of a `{{tat-hidden:key}}` is not shown (SDK)."""
    if not command.takes_parameters:
        return command

    def put(match: re.Match[str]) -> str:
        if match["key"] not in known:
            raise errors.LackOfParameters(key=match["key"])
        return known[match["key"]]

    known = dict(command.defaults) | dict(values)
    shown = _PLACE.sub(lambda match: "******" if match["hidden"] else put(match), command.script)
    return replace(command, script=_PLACE.sub(put, command.script), shown=shown)


def ready_instances(call: Call, ids: list[str]) -> list[Instance]:
    """Return the instances on which a command can run now, or raise for all what forbids one."""
    found = []
    for instance_id in dict.fromkeys(ids):
        if instance_id not in call.here.instances:
            raise errors.InstanceNotFound(instance=instance_id)
        instance = call.here.instances[instance_id]
        if instance.state != "RUNNING":
            raise errors.InstanceStateNotRunning(instance=instance_id)
        if not instance.command_agent:
            raise errors.AgentNotInstalled(instance=instance_id)
        found.append(instance)
    return found


def invoke(call: Call, command: Command, instances: list[Instance]) -> str:
    """Start a command on instances, and return the id of it all."""
    invocation = call.cloud.new_id("inv")
    for instance in instances:
        task = Task(call.cloud.new_id("invt"), invocation, command, instance.id, call.now_s)
        home = call.cloud.contents.root / "hosts" / instance.id
        call.cloud.errands.start(
            task, home, {"INSTANCE_ID": instance.id} | instance.env, call.cloud.clock.now
        )
    return invocation


@SERVICE.action
@dataclass(frozen=True)
class RunCommand:
    """Run a shell script on instances.

    Not emulated: other users (everything runs as whoever runs the local cloud), other shells, output to COS.
    """

    content: str
    instance_ids: Instances
    command_name: Annotated[str, Between(0, 60)] = ""
    description: str | None = None
    command_type: Annotated[str, OneOf("SHELL")] = "SHELL"
    working_directory: str = ""
    timeout: Seconds = 60
    save_command: bool = False
    enable_parameter: bool = False
    default_parameters: str | None = None
    default_parameter_confs: list[DefaultParameterConf] | None = None
    parameters: str | None = None
    tags: CommandTags | None = None
    username: str = "root"
    output_COS_bucket_url: str | None = None  # noqa: N815  # COS on the wire
    output_COS_key_prefix: str | None = None  # noqa: N815  # COS on the wire

    def answer(self, call: Call) -> Answer:
        """Answer with the ids to ask for."""
        script = read_script(self.content)
        instances = ready_instances(call, self.instance_ids)
        if self.parameters and not self.enable_parameter:
            raise errors.ParameterDisabled
        command = Command(
            id=call.cloud.new_id("cmd"),
            name=self.command_name,
            script=script,
            shown=script,
            timeout_s=self.timeout,
            folder=self.working_directory,
            username=self.username,
            takes_parameters=self.enable_parameter,
            defaults=self._defaults(),
        )
        filled = fill(command, read_values(self.parameters, "Parameters"))
        if self.save_command:
            call.cloud.errands.commands[command.id] = command
        return {"CommandId": command.id, "InvocationId": invoke(call, filled, instances)}

    def _defaults(self) -> dict[str, str]:
        if self.default_parameters and self.default_parameter_confs:
            raise InvalidParameter(name="DefaultParameters", reason="not together with DefaultParameterConfs")
        confs = {each.parameter_name: each.parameter_value for each in self.default_parameter_confs or ()}
        return confs or read_values(self.default_parameters, "DefaultParameters")


@SERVICE.action
@dataclass(frozen=True)
class InvokeCommand:
    """Run a command that RunCommand saved."""

    command_id: str
    instance_ids: Instances
    parameters: str | None = None
    username: str | None = None
    working_directory: str | None = None
    timeout: Seconds | None = None
    output_COS_bucket_url: str | None = None  # noqa: N815  # COS on the wire
    output_COS_key_prefix: str | None = None  # noqa: N815  # COS on the wire

    def answer(self, call: Call) -> Answer:
        """Answer with the id to ask for."""
        command = call.cloud.errands.commands.get(self.command_id)
        if command is None:
            raise errors.CommandNotFound(command=self.command_id)
        instances = ready_instances(call, self.instance_ids)
        if self.parameters and not command.takes_parameters:
            raise errors.ParameterDisabled
        chosen = replace(
            command,
            timeout_s=self.timeout or command.timeout_s,
            folder=command.folder if self.working_directory is None else self.working_directory,
            username=self.username or command.username,
        )
        filled = fill(chosen, read_values(self.parameters, "Parameters"))
        return {"InvocationId": invoke(call, filled, instances)}
