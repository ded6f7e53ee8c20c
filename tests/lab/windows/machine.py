# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The WS-Management operations of one host."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..wire import enumeration
from ..wire.bodies import input_values, put_values
from ..wire.fault import Fault, FaultError, protocol_fault, provider_failed, schema_error
from ..wire.soap import E, N, X
from ..wire.subscription import OPTIONS as EVENT_OPTIONS
from ..wire.values import Style, write, write_instance
from . import adapter_state, hyperv, hyperv_settings, ping, placement, providers
from .classes import Class, Method, classes, namespaces
from .event_channels import EventPlugin
from .repository import Change, Instance, Repository
from .request_context import RequestContext
from .versions import VERSIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from ..estate import Cluster, Host
    from ..wire.envelope import Request
    from .simulation import Simulation

_TRANSFER = {f"{X}/{name}": name for name in ("Get", "Put", "Create", "Delete")}
_PAGING = {f"{N}/{name}": name for name in ("Enumerate", "Pull", "Release")}
_EVENTING = {f"{E}/{name}": name for name in ("Subscribe", "Unsubscribe", "Renew", "GetStatus")}
_CLUSTER = "root/mscluster"
_MODIFIED = "wmiarray:__MIInstanceModifiedPropertiesList"
_OPTIONS = {_MODIFIED, "msftwinrm:UsePreciseArrays", "__MI_CallbackRegistration"}
_NO_INSTANCE = "<n:EnumerateResponse><n:EnumerationContext/><w:EndOfSequence/></n:EnumerateResponse>"
_MI_OPTIONS = ("wmi:__MI_OPERATIONOPTIONS_", "wmiarray:__MI_OPERATIONOPTIONS_")


@dataclass(slots=True)
class RequestRecord:
    """What the journal contains about one request. It is filled while the request is handled."""

    operation: str = "Unknown"
    namespace: str = ""
    cls: str = ""
    method: str = ""
    selectors: Mapping[str, str] = field(default_factory=dict)
    wql: str = ""
    write: bool = False
    changes: list[Change] = field(default_factory=list)
    fault: Fault | None = None
    rule: str = ""
    afterwards: list[Callable[[], None]] = field(default_factory=list)
    cuts_connection: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """The Action and the Body of a response; or the C(document) of a recorded one, with its HTTP status."""

    action: str
    body: str
    document: str = ""
    status: int = 200


def operation(request: Request) -> tuple[str, str]:
    """The operation of a request, and the method of an Invoke."""
    if request.action in _TRANSFER:
        return _TRANSFER[request.action], ""
    if request.action in _PAGING:
        return _PAGING[request.action], ""
    if request.action in _EVENTING:
        return _EVENTING[request.action], ""
    prefix, _mark, method = request.action.rpartition("/")
    if prefix.lower() == request.target.uri.lower() and method:
        return "Invoke", method
    return "Unknown", ""


def _missing(message: str, name: str) -> FaultError:
    """The fault for a missing class or instance has neither an HRESULT nor a CIM status of its own."""
    return FaultError(
        Fault("a:DestinationUnreachable", 2150858752, message, provider=True, operation="GetObject", parameter=name)
    )


class Machine:
    """A host with its own repository and, if it is a node, the repository of its cluster."""

    def __init__(
        self,
        host: Host,
        repository: Repository,
        cluster: Cluster | None,
        cluster_repository: Repository | None,
        *,
        simulation: Simulation,
        begun: Callable[[], datetime],
    ) -> None:
        self.simulation = simulation
        self.host = host
        self.version = VERSIONS[host.windows]
        self.cursors = enumeration.Cursors(self.version.max_operations)
        self.events = EventPlugin(begun)
        self._host_repository = repository
        self.cluster = cluster
        self._cluster_repository = cluster_repository

    def handle(self, request: Request, user: str, record: RequestRecord) -> Reply:
        """Run the operation of a request. Raises FaultError."""
        target = request.target
        if target.base.startswith("http://schemas.dmtf.org/") and not self.version.dmtf_uris:
            raise protocol_fault(
                "a:DestinationUnreachable", 2150859065, "A DMTF resource URI was used to access a non-DMTF class."
            )
        handlers = {
            "Get": self._get,
            "Put": self._put,
            "Enumerate": self._enumerate,
            "Pull": self._pull,
            "Release": self._release,
            "Invoke": self._invoke,
        }
        if target.class_name == "EventLog" and not target.namespace:
            return self._event_log(request, user, record)
        handler = handlers.get(record.operation)
        self._check_options(request)
        if handler is None:
            if record.operation in {"Create", "Delete"}:
                self._class(request)
                raise provider_failed(0x80041024, "The provider is not capable of this operation.", "", 7)
            raise FaultError(
                Fault("a:ActionNotSupported", 2150858771, f"The action {request.action} is not supported.")
            )
        return handler(request, user, record)

    def _check_options(self, request: Request) -> None:
        """Windows ignores options that it does not know, so a wrong name would have no effect that shows."""
        for item in request.options:
            if item.name == "wmi:NoRestart" and request.target.class_name == adapter_state.ADVANCED:
                continue
            if item.name not in _OPTIONS and not item.name.startswith(_MI_OPTIONS):
                raise protocol_fault("w:InvalidOptions", 2150858829, f"The option {item.name} is not known.")

    def _lacks(self, namespace: str) -> bool:
        if namespace in self.host.missing_namespaces:
            return True
        if namespace == _CLUSTER:
            return self._cluster_repository is None
        if namespace in {hyperv.FIRST, hyperv.SECOND} and not self.host.hyperv:
            return True
        return namespace not in namespaces() or not classes(namespace, self.version.name)

    def _repository(self, namespace: str) -> Repository:
        if self._lacks(namespace):
            raise _missing(f"There is no namespace {namespace} on this host.", namespace)
        if namespace == _CLUSTER and self._cluster_repository is not None:
            return self._cluster_repository
        return self._host_repository

    def _instances(self, repository: Repository, cls: Class) -> list[Instance]:
        return self.host.differs.of_instances(cls, self._own_instances(repository, cls))

    def _own_instances(self, repository: Repository, cls: Class) -> list[Instance]:
        stored = repository.instances(cls)
        if cls.name == placement.OWNERS:
            return placement.owners(cls, repository)
        if cls.namespace not in hyperv.NAMESPACES:
            return stored
        if cls.name == hyperv_settings.JOB:
            return stored + hyperv_settings.jobs(self.simulation, self.host, cls)
        return stored + hyperv.instances(cls, self.host, self.simulation.machines_on(self.host))

    def _class(self, request: Request) -> tuple[Repository, Class]:
        repository = self._repository(request.target.namespace)
        cls = self.host.differs.of_class(repository.cls(request.target.namespace, request.target.class_name))
        if cls is None:
            raise _missing(
                f"There is no class {request.target.class_name} in {request.target.namespace}.",
                request.target.class_name,
            )
        return repository, cls

    def _instance(self, request: Request) -> tuple[Repository, Instance]:
        repository, cls = self._class(request)
        keys = {item.name.lower() for item in cls.keys}
        selectors = {item.name.lower(): item.value.lower() for item in request.selectors}
        unknown = next((item.name for item in request.selectors if item.name.lower() not in keys), None)
        if unknown is not None:
            raise protocol_fault("w:InvalidSelectors", 2150858843, f"{unknown} is not a key of {cls.name}.")
        if not selectors and keys and not cls.singleton:
            raise protocol_fault("w:InvalidSelectors", 2150858842, f"The request has no selectors for {cls.name}.")
        if cls.singleton and not keys:
            return repository, Instance(cls, {})
        found = [
            item
            for item in self._instances(repository, cls)
            if all(
                str(item.values.get(key.name)).lower() == selectors.get(key.name.lower(), "")
                for key in cls.keys
                if key.name.lower() in selectors
            )
        ]
        if not found:
            raise _missing("No instance matches the selectors.", cls.name)
        if len(found) > 1:
            raise protocol_fault("w:InvalidSelectors", 2150858846, "More than one instance matches the selectors.")
        return repository, found[0]

    def _request_context(self, repository: Repository, request: Request, record: RequestRecord) -> RequestContext:
        options: dict[str, list[str]] = {}
        for item in request.options:
            options.setdefault(item.name.lower(), []).append(item.value)
        return RequestContext(
            repository, self.cluster, record.changes, self.simulation, self.host, options, afterwards=record.afterwards
        )

    def _instance_xml(self, request: Request, instance: Instance) -> str:
        style = Style(request.target.base, request.precise_arrays)
        return write_instance(instance.cls.name, tuple(instance.cls.properties.values()), instance.values, style)

    def _get(self, request: Request, _user: str, _record: RequestRecord) -> Reply:
        _repository, instance = self._instance(request)
        if not instance.values:
            raise _missing("No instance matches the selectors.", instance.cls.name)
        return Reply(f"{X}/GetResponse", self._instance_xml(request, self.host.differs.of_get(instance)))

    def _put(self, request: Request, _user: str, record: RequestRecord) -> Reply:
        repository, _cls = self._class(request)
        modified = {name.lower() for name in request.option(_MODIFIED)}
        context = self._request_context(repository, request, record)
        with repository.lock:
            _repository, instance = self._instance(request)
            unknown = modified - instance.cls.properties.keys()
            if unknown:
                raise schema_error(f"{instance.cls.name} has no property {min(unknown)}.")
            inner = repository.private_class(instance)
            sent = put_values(request.body, request.target.uri, request.target.base, instance.cls, inner)
            values = {name: value for name, value in sent.items() if not modified or name.lower() in modified}
            written = providers.modify(context, instance, values)
        record.cuts_connection = context.cuts_connection
        return Reply(f"{X}/PutResponse", self._instance_xml(request, written))

    def _invoke(self, request: Request, _user: str, record: RequestRecord) -> Reply:
        repository, cls = self._class(request)
        method: Method | None = cls.methods.get(record.method.lower())
        if method is None or method.name != record.method:
            raise FaultError(
                Fault("a:ActionNotSupported", 2150858771, f"{cls.name} has no method {record.method}.", cim_status=17)
            )
        record.write = providers.is_write(cls.name, method.name, {})
        uri, base = request.target.uri, request.target.base
        inputs = input_values(request.body, uri, base, record.method, method.inputs)
        record.write = providers.is_write(cls.name, method.name, inputs)
        context = self._request_context(repository, request, record)
        with repository.lock:
            _repository, instance = self._instance(request)
            results = providers.invoke(context, instance, method.name, inputs)
        results = {**results, **self.host.differs.of_answer(method.name, inputs)}
        record.cuts_connection = context.cuts_connection
        if method.returns:
            results = {"ReturnValue": results.get("ReturnValue", 0), **results}
        kinds = {item.name: item.type for item in method.outputs.values()}
        style = Style(base, request.precise_arrays)
        inner = "".join(
            write(f"p:{name}", kinds.get(name, method.returns or "uint32"), value, style)
            for name, value in results.items()
        )
        body = (
            f'<p:{method.name}_OUTPUT xmlns:p="{uri}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
            f' xmlns:cim="http://schemas.dmtf.org/wbem/wscim/1/common">{inner}</p:{method.name}_OUTPUT>'
        )
        return Reply(f"{request.action}Response", body)

    def _enumerate(self, request: Request, user: str, record: RequestRecord) -> Reply:
        target = request.target
        options = enumeration.read_enumerate(request.body, target.class_name, target.namespace)
        record.wql = options.text
        outcome = self.host.differs.of_query(options.text)
        if outcome == "refused":
            raise enumeration.filter_fault("This host refuses the query.", options.text, target.namespace)
        if outcome == "empty":
            return Reply(f"{N}/EnumerateResponse", _NO_INSTANCE)
        if options.query and self._lacks(target.namespace):
            raise enumeration.filter_fault("The specified namespace does not exist.", options.text, target.namespace)
        repository = self._repository(target.namespace)
        name = options.query.class_name if options.query else target.class_name
        cls = self.host.differs.of_class(repository.cls(target.namespace, name))
        record.cls = cls.name if cls else name
        if cls is None:
            if options.query is None:
                self._class(request)
            message = "The specified class does not exist in the given namespace."
            raise enumeration.filter_fault(message, options.text, target.namespace)
        self.cursors.check_quota(user)
        style = Style(target.base, request.precise_arrays)
        found = self._instances(repository, cls)
        if cls.name == "Win32_PingStatus":
            found = self.host.differs.of_instances(cls, ping.instances(self.simulation, self.host, cls, options))
        cursor = enumeration.open_cursor(found, cls, options, host=self.host, user=user, style=style)
        if not options.optimize:
            context = self.cursors.add(cursor)
            body = f"<n:EnumerationContext>{context}</n:EnumerationContext>"
            return Reply(f"{N}/EnumerateResponse", f"<n:EnumerateResponse>{body}</n:EnumerateResponse>")
        count = 1 if self.host.first_page == "one_item" else options.max_elements
        return self._page("Enumerate", "w", cursor, count, request)

    def _page(self, name: str, prefix: str, cursor: enumeration.Cursor, count: int, request: Request) -> Reply:
        items = enumeration.page(cursor, count, enumeration.items_size(request.max_envelope))
        context = "" if cursor.finished else self.cursors.add(cursor)
        end = f"<{prefix}:EndOfSequence/>" if cursor.finished else ""
        context_xml = (
            f"<n:EnumerationContext>{context}</n:EnumerationContext>" if context or name == "Enumerate" else ""
        )
        items_xml = f"<{prefix}:Items>{items}</{prefix}:Items>" if items else ""
        body = f"<n:{name}Response>{context_xml}{items_xml}{end}</n:{name}Response>"
        return Reply(f"{N}/{name}Response", body)

    def _pull(self, request: Request, user: str, _record: RequestRecord) -> Reply:
        count = enumeration.pull_count(request.body)
        self._repository(request.target.namespace)
        return self._page("Pull", "n", self.cursors.pop(request.body, user), count, request)

    def _event_log(self, request: Request, user: str, record: RequestRecord) -> Reply:
        """The event plug-in of WinRM: Subscribe, Pull and Unsubscribe."""
        for item in request.options:
            if item.name.lower() not in EVENT_OPTIONS:
                raise protocol_fault("w:InvalidOptions", 2150858829, f"The option {item.name} is not known.")
        if record.operation == "Subscribe":
            body, record.wql = self.events.subscribe(self.host, request, user)
            return Reply(f"{E}/SubscribeResponse", body)
        if record.operation == "Pull":
            return Reply(f"{N}/PullResponse", self.events.pull(self.host, request, user))
        if record.operation == "Unsubscribe":
            self.events.unsubscribe(self.host, request, user)
            return Reply(f"{E}/UnsubscribeResponse", "")
        if record.operation == "Renew":
            raise protocol_fault("e:UnableToRenew", 2150858807, "The subscription cannot be renewed.")
        raise FaultError(Fault("a:ActionNotSupported", 2150858771, f"The action {request.action} is not supported."))

    def _release(self, request: Request, user: str, _record: RequestRecord) -> Reply:
        self.cursors.pop(request.body, user)
        return Reply(f"{N}/ReleaseResponse", "")
