# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known to be harmless in a message. Everything else gets a stand-in. Private to this collection."""

from __future__ import annotations

import re

_CLASS = r"(?:MSCluster|Msvm|Win32|MSFT|CIM|Cim)_\w+"
CLASS_NAME = re.compile(_CLASS)
NUMBER = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]+)?(?:[eE][+-]?[0-9]+)?|0x[0-9A-Fa-f]{1,16}")
SHORT_NUMBER = re.compile(r"-?[0-9]{1,4}(?:[.,][0-9]{1,6})?")
BOOLEAN = re.compile("true|false", re.IGNORECASE)
DATE = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?(?:Z|[+-][0-9]{2}:[0-9]{2})?"
    r"|[0-9*]{14}\.[0-9*]{6}[-+:][0-9]{3}"
    r"|-?P(?=[0-9T])(?:[0-9]+[YMD]){0,3}(?:T(?:[0-9.]+[HMS]){0,3})?"
)
SCHEMA_URI = re.compile(
    r"https?://(?:schemas\.microsoft\.com|schemas\.dmtf\.org|schemas\.xmlsoap\.org|www\.w3\.org"
    r"|manifests\.microsoft\.com|www\.microsoft\.com|schema\.omc-project\.org)/[\w./*#:-]*"
)
# A property with such a name can have a name as its value, even if the value looks like a number.
CAN_BE_NAME = re.compile(
    r"(?:name|names|alias|caption|descriptions?|notes?|labels?|tags?|owner|contact|comment|message|strings?|text"
    r"|title|ids?|identifiers?|key|password|address|addresses|path|paths|groups?|data|value|values|nodes?|site|user|domain|location"
    r"|number|serial|host|sku|parameters?|options?|organization|fqdn|share|root|volumes?|machines?|from|to|selector)$"
)
_VERSION = r"[0-9]{1,10}(?:\.[0-9]{1,10}){0,3}"
_MICROSOFT_SOURCE = (
    r"(?:Microsoft-(?:Windows|Exchange|Hyper-V)[\w/-]*|MSExchange\w*|EventLog|Service Control Manager|W32Time)"
)
_TYPES = (
    "Virtual Machine|Virtual Machine Configuration|Virtual Machine Cluster WMI|Virtual Machine Replication Broker"
    "|Network Name|Distributed Network Name|IP Address|IPv6 Address|IPv6 Tunnel Address|Physical Disk"
    "|File Share Witness|Cloud Witness|Storage Pool|Generic Service|Generic Application|Generic Script|File Server"
    "|Scale Out File Server|Health Service|Task Scheduler|Storage QoS Policy Manager"
    "|User Manager|Error|Warning|Information|Audit Success"
    "|Audit Failure"
)
_REGISTRY_VALUE = (
    r"\*\w+|NetCfgInstanceId|DriverDesc|ProviderName|DriverVersion|DriverDate|min|max|step|default|type|ParamDesc|[0-9]{1,6}"
    r"|CurrentBuild|CurrentBuildNumber|UBR|ProductName|VirtualMachineId|VirtualMachineName|PhysicalHostName\w*|HostName"
    r"|CurrentVersion|WinhaNone|PhysicalHostNameFullyQualified|Properties|Configuration|Parameters|Security|TriggerInfo|Enum|NetworkATC\w*"
)
# The values of these properties that are Microsoft's own texts, by class (* is any) and property in lower case, and the
# names that the playbook prove reads because no host has them.
_KEPT = {
    "* creationclassname": _CLASS,
    "* cscreationclassname": _CLASS,
    "* systemcreationclassname": _CLASS,
    "* componentclassname": _CLASS,
    "* parameterinfo": _CLASS,
    "* type": _TYPES,
    "* status": "OK|Degraded|Error|Unknown|Pred Fail|Starting|Stopping|Service|Stressed|NonRecover|No Contact",
    "* state": "Running|Stopped|Paused|Start Pending|Stop Pending|Continue Pending|Pause Pending|Unknown",
    "* startmode": "Auto|Manual|Disabled|Boot|System",
    "* statusdescriptions": "OK|Operating normally|In Service",
    "* jobstatus": "OK|Job is running|Job completed successfully|Completed",
    "* version": _VERSION,
    "* buildnumber": _VERSION,
    "* driverversionstring": _VERSION,
    "* driverversion": _VERSION,
    "* exchangeversion": _VERSION,
    "* osarchitecture": "64-bit|32-bit",
    "* csdversion": "Service Pack [0-9]",
    "* hotfixid": "KB[0-9]{1,10}|File 1",
    "* installedon": r"[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}|[0-9]{8}|[0-9a-fA-F]{16}",
    "* virtualsystemtype": r"Microsoft:[A-Za-z0-9:. -]{1,80}|DMTF:\w{1,20}",
    "* virtualsystemsubtype": "Microsoft:[A-Za-z0-9:. -]{1,80}",
    "* resourcesubtype": "Microsoft[: ][A-Za-z0-9:. -]{1,80}",
    "* virtualquantityunits": r"byte(?: \* 2\^[0-9]{2})?|count|percent / 1000|ms",
    "* allocationunits": r"byte(?: \* 2\^[0-9]{2})?|count|percent / 1000|hundredths? of a percent",
    "* manufacturer": "Microsoft Corporation|Microsoft",
    "* driverprovider": "Microsoft|Microsoft Corporation|Intel|Intel Corporation|Mellanox Technologies|Broadcom",
    "* model": "Virtual Machine",
    "* logfile": f"System|Application|Security|{_MICROSOFT_SOURCE}",
    "* channel": f"System|Application|Security|WinhaNoChannel|{_MICROSOFT_SOURCE}",
    "* sourcename": _MICROSOFT_SOURCE,
    "* quorumtype": "(?:Node|Disk)(?: and (?:File Share|Disk|Cloud))? (?:Majority|Only)|Majority",
    "* registrykeyword": r"\*?\w{1,60}",
    "* primaryprotocol": r"\w{1,10}",
    "* ssubkeyname": r"(?:SYSTEM\\CurrentControlSet|SOFTWARE\\Microsoft|Cluster|HARDWARE)(?:\\[\w* .-]{1,60}"
    r"|\\\{4[Dd]36[Ee]972-[Ee]325-11[Cc][Ee]-[Bb][Ff][Cc]1-08002[Bb][Ee]10318\})*",
    "* svaluename": _REGISTRY_VALUE,
    "* snames": _REGISTRY_VALUE,
    "* enumerationmode": r"Enumerate\w{1,40}",
    "mscluster_resourcetype displayname": _TYPES,
    "mscluster_resourcetype dllname": r"\w{1,12}\.dll",
    "* operation": r"(?:Exec|Get|Put|Create|Delete|Open)\w{1,40}",
    "* contentformat": "Raw|RenderedText",
    "* contentencoding": "UTF-8|UTF-16",
    "* readexistingevents": "true",
    "* __miinstancemodifiedpropertieslist": r"\w{1,80}",
    "msvm_computersystem caption": "Virtual Machine|Hosting Computer System",
    "msvm_computersystem description": "Microsoft Virtual Computer System|Microsoft Virtual Machine"
    "|Microsoft Hosting Computer System",
    "mscluster_resourcetype name": _TYPES,
    "mscluster_resourcegroup name": "Cluster Group|Available Storage",
    "mscluster_resource name": "Cluster Name|Cluster IP Address|File Share Witness|Cloud Witness",
    "win32_operatingsystem caption": "Microsoft Windows Server [0-9]{4}(?: R2)? (?:Standard|Datacenter|Enterprise)"
    "(?: Evaluation| Core)?",
    "win32_service name": r"(?i:ClusSvc|vmms|vmcompute|Winmgmt|WinRM|NetworkATC|W32Time|RpcSs|Dhcp|vmic\w+"
    r"|MSExchange\w{0,40}|NTDS|DNS|Kdc|WinhaNobody)",
}
_RULES = {key: re.compile(pattern) for key, pattern in _KEPT.items()}


def is_constant(cim_class: str, name: str, text: str) -> bool:
    """Whether a value is a text of Microsoft's own. Names are in lower case."""
    rules = (_RULES.get(f"{cim_class} {name}"), _RULES.get(f"* {name}"))
    return any(rule is not None and rule.fullmatch(text) for rule in rules)


# Words of the texts of faults, and of the advanced properties of network adapters.
_WORDS = """
a access action adaptive adapter address all allowed an and another any are argument arguments array as at auto
authentication be been because but by byte bytes call called can cannot case change check class client closed cluster
code command computer configuration configure connection contain contains context control correct could data denied
destination details did directory disabled does domain duplex element empty enabled ensure enumeration envelope error
event exceeded exist exists expected expired failed failure fault file filter find flow for found frame frames from full
group half has have header hresult if in incorrect input instance internal interrupt into invalid is it its job jumbo
key large length limit link list log machine management match maximum memory message method missing moderation name
namespace negotiation network no node not null number object of off offload on one only open operation option options
or out output packet parameter parameters path permission permitted pool privilege process processed processing
properties property protocol provider provide provided query queue quota read received receive refused register
registered remote request requested required resource response retry returned returns rss running rx schema see
selector selectors send sent server service service's set shutdown side size smb soap spelling state status stopped
subscription supplied support supported switch syntax system that the there this time timed timeout to token too
transmit tx type unable unexpected unknown unrecognized unsupported user using valid value values version virtual vlan
was were which while windows winrm with within wmi wql ws-management ws xml you your
"""
WORDS = frozenset(_WORDS.split())
# GUIDs of Windows itself, in lower case: the device class of network adapters, and event providers.
GUIDS = frozenset(
    (
        "4d36e972-e325-11ce-bfc1-08002be10318",
        "baf908ea-3421-4ca9-9b84-6689b8c6f85f",
        "00000000-0000-0000-0000-000000000000",
    )
)
LOOPBACK = frozenset(("127.0.0.1", "127.0.0.2"))
# Arrays of bytes. They can have texts in them.
_BYTES = """
sharedvolumesecuritydescriptor sharedsecret parameters imagedata outputbuffer firmwareparameters oemlogobitmap
security_descriptor inputbuffer imcdata uvalue security certificate encryptiondata
"""
BYTES = frozenset(_BYTES.split())
# The properties of Microsoft's classes whose values are numbers, booleans or dates, and elements of WS-Management.
_NUMERIC = """
acceleratednetworkingenabled acceleratednetworkingnodereserve acceptpause acceptstop access
activemaximumtransmissionunit adaptertypeid addevictdelay additionalavailability addressfamily addressorigin
addressstate addresstype addresswidth adminaccesspoint administrativeaccesspoint administrativeaccesspointresourcetype
administrativemode adminlocked adminpasswordstatus advertisedefaultroute advertising alignment allocatedsize
allocationunitsize allowfullscsicommandset allowreducedfcredundancy arbitrationdelay architecture arpalwayssourceroute
arpuseethersnap assigndriveletter assignednumanodelist authenticationtype autoactivate autoassignnodesite
autobalancerlevel autobalancermode autofailbacktype automaticallocation automaticcriticalerroraction
automaticdeallocation automaticmanagedpagefile automaticmetric automaticrecoveryaction automaticresetbootoption
automaticresetcapability automaticshutdownaction automaticsnapshotsenabled automaticstartupaction
automaticstartupactiondelay automaticstartupactionsequencenumber autometric autosense availability
availablerequestedstates backupinprogress backupstate basereachabletime bgranted biosnumlock blockcachesize
bootfromdisk bootoptiononlimit bootoptiononwatchdog bootorder bootpciexpress bootromsupported bootstatus buffersize
buildnumber bustype bytesprocessed bytestotal cachingmode cancellable capabilities category ccfepoch ccfepochhigh
characteristics chassisbootupstate checkapplicationhealth checkheartbeat checkpoint clampmss cleanupad
clussvchangtimeout clussvcregroupopeningtimeout clussvcregrouppruningtimeout clussvcregroupstagetimeout
clussvcregrouptickinmilliseconds clusterenforcedantiaffinity clusterfunctionallevel clustergroupwaitdelay
clusterloglevel clusterlogsize clusterstate clusterupgradeversion clusterwidenodecapabilitiesvalidationmode
coldstartsetting communicationstatus compartmentid computersystem configmanagererrorcode configmanageruserconfig
connectionstate connectorpresent consolemode consumervisibility controlcode coreresource cpustatus creationtime
crosssitedelay crosssitethreshold crosssubnetdelay crosssubnetthreshold csvbalancer csvtimetowait currentclockspeed
currenthoplimit currenttimezone currentvoltage dadretransmittime dadtransmits databasereadwritemode
dataexecutionprevention_32bitapplications dataexecutionprevention_available dataexecutionprevention_drivers
dataexecutionprevention_supportpolicy datawidth daylightineffect deadgwdetectenabled deadlocktimeout debug
debugchannelid debugport debugportenabled dedicated default defaultblocksize defaultmovetype defaultnetworkrole
defaultowner defaulttos defaultttl delayedautostart deleteoncompletion deleteonkill deleterequiresallnodes
desiredvlanendpointmode desktopinteract detachedreason detailedstatus detectedcloudplatform detectmanagedevents
detectmanagedeventsthreshold devicewakeupenable dhcp dhcpenabled dhcpleaseexpires dhcpleaseobtained
directedmacwolpattern disablegrouppreferredownerrandomization disablespeculationcontrols diskrunchkdsk disksignature
displayparametertype distributed dnsenabledforwinsresolution domaindnsregistrationenabled domainrole
dpcwatchdogprofilecumulativedpcthreshold dpcwatchdogprofilesingledpcthreshold drainerrorcode drainonshutdown draintype
driveletter drivenumber driverdatedata drivermajorndisversion driverminorndisversion dumppolicy dynamicmemoryenabled
dynamicquorumenabled dynamicweight ecnmarking elapsedtime embeddedfailureaction enablecompression enabled
enabledaylightsavingstime enabledcapabilities enableddefault enabledhcp enabledstate enablehibernation
enablehostresourceprotection enablenetbios enableperfmonlbr enableperfmonpebs enableperfmonpmu enablesharedvolumes
enablesmbtransport enablevirtualsystemmigration encryptionlevel endpointinterface enhancedsessionmodestate
enhancedsessiontransporttype errorcleared errorcode errortype ets eventcode eventidentifier eventtype exitcode
exposevirtualizationextensions extclock failbacktype failbackwindowend failbackwindowstart failedoverreplicationtype
failoverperiod failoverthreshold failurereason family faultdomain faultstate filesystem fixquorum fjoinoptions flags
footprintonpool force forcearpndwolpattern foregroundapplicationboost forwardbuffermemory forwarding
freephysicalmemory freespaceinpagingfiles freevirtualmemory frontpanelresetstatus fulldnsregistrationenabled
fullduplex funjoinoptions gatewaycostmetric generatenewsystemidentifier graceperiodenabled graceperiodtimeout
groupdependencytimeout grouptype guestcontrolledcachetypes guestfeatureset gueststateisolationenabled
gueststateisolationmode gueststateisolationtype hangrecoveryaction hardwareinterface hdefkey healthstate healthstatus
heightpixels hidden hidehypervisorpresent higherlayerinterfaceindices highmmiogapbase highmmiogapsize
hostextentnameformat hostextentnamenamespace hostextentstartingaddress hostrecordttl hostresourceblocksize
hugepagesenabled hwthreadspercore hwthreadspercorerealized hypervisorpresent igmplevel ignoredefaultroutes
ignoreflushes ignorepersistentstateonstartup imfilter incrementalbackupenabled index infraredsupported installdate
installed interfaceadminstatus interfaceindex interfacemetric interfaceoperationalstatus interfacetype iopslimit
iopsreservation ipconnectionmetric ipenabled ipfiltersecurityenabled ipportsecurityenabled ipusezerobroadcast
ipversionsupport ipxenabled ipxframetype ipxmediatype isactive isalivepollinterval isautomaticsnapshot
isbackgroundtask isboot isbound isclustered isclustersharedvolume iscore iscsiinterface isdeduplicationenabled
isenclosureaware ishidden ishighlyavailable ismanualattach isoffline isolationid isreadonly issaved isscaleout
issender issnapshot issystem istiered isvirtualized jobruntimes jobstate jobtype keepaliveinterval keepalivetime
keyboardpasswordstatus l2cachesize l2cachespeed l3cachesize l3cachespeed lacptimer lantype largestfreeextent
largesystemcache lastapplicationconsistentreplicationtime lastbootuptime lastcleaned lasterrorcode
lastoperationstatuscode lastreplicationtime lastreplicationtype lastsuccessfulbackuptime level limit limitcpuid
limitprocessorfeatures linktechnology loadbalancingalgorithm loadpercentage loadtime localdatetime localorutctime
localquorumcapable locationindicator lock lockedfrommoving lockondisconnect logicalsectorsize logresourcecontrols
looksalivepollinterval lowerlayerinterfaceindices lowerquorumprioritynodeid lowestifnetluid lowmmiogapsize
majordriverversion majorversion managedaddressconfiguration mappingbehavior maxaccesstime maxblocksize maxclockspeed
maxcompletionqueuecount maxdatasize maximumactivestoragemigration maximumactivevirtualsystemmigration maximummonitors
maximumparallelmigrations maxinboundreadlimit maxiovoffloads maxmediasize maxmemoryblockspernumanode
maxmemoryregioncount maxmemorywindowcount maxnumanodespersocket maxnumbercontrolled maxnumberofnodes
maxnumberofprocesses maxoutboundreadlimit maxprocessmemorysize maxprocessorspernumanode maxprotectiondomaincount
maxqueuepaircount maxquiescetime maxsharedreceivequeuecount maxspeed maxunitsbeforecleaning maxvmqoffloads mbrtype
mediaconnectstate mediaduplexstate mediaislocked mediatype memoryaccesstrackingpolicy memoryencryptionpolicy
messagebufferlength metric migrationfailurereason migrationprogress migrationstate minblocksize
minimumneverpreemptpriority minimumpreemptorpriority minordriverversion minorversion monitorprocessid mountcount
movetypethreshold mtu mtusize ndismedium ndisphysicalmedium needscleaning needspreventquorum
neighbordiscoverysupported neighborunreachabilitydetection netconnectionstatus netenabled netftipsecenabled netluid
netluidindex networkbootpreferredprotocol networkservermodeenabled nlmtu nodedrainstatus nodefailbackstatus
nodehighestversion nodelowestversion nodeweight nofragmentation notuserremovable numanodelist numanodesarerequired
number numberofcolumns numberofcores numberofdatacopies numberofenabledcore numberoffailures numberoflicensedusers
numberoflogicalprocessors numberofmediasupported numberofnumanodes numberofpartitions numberofprocesses
numberofprocessors numberofusers numberofwwpns numforwardpackets offlineaction offlinereason offset online
ontimeinmilliseconds operatingstatus operatingsystemsku operationalmode operationalstatus
operationalstatusdowndefaultportnotauthenticated operationalstatusdowninterfacepaused
operationalstatusdownlowpowerstate operationalstatusdownmediadisconnected optional options oslanguage osproductsuite
ostype otherstatefulconfiguration outputbuffersize overrideaddressmatch paeenabled paritylayout partitionstyle
partofdomain passthru pauseafterbootfailure pauseafterreset pcsystemtype pcsystemtypeex pendingtimeout percentcomplete
persistentreservationssupported persistentstate pfc physicaladapter physicaldiskredundancy physicalsectorsize
placementoptions plumballcrosssubnetroutes pmtubhdetectenabled pmtudiscoveryenabled portableoperatingsystem portnumber
porttype powermanagementcapabilities powermanagementsupported poweronhours poweronpasswordstatus powerstate
powersupplystate prefixlength prefixorigin preventquorum primary primaryaddressresolutionstatus primarystatus priority
processid processortype producttype promiscuousmode protocoliftype protocoltype provisioningtype publishptrrecords
quarantineduration quarantinethreshold quiesce quorumarbitrationtimemax quorumarbitrationtimemin quorumcapable
quorumlogfilesize quorumtypevalue rdmaconnectionsperinterfaceforstorage reachabletime readcachesize reasoncode
receivelinkspeed recordnumber recordroute recoveryaction registerallprovidersip registrydatatype remappipenames
removedata removeoem replicationhealth replicationmode replicationstate replyinconsistency replysize
requestedinformation requestedspeed requestedstate requestreplytimeout requireddependencyclasses requiredns
requirekerberos reservation reserved resetcapability resetcount resetlimit resiliencydefaultperiod resiliencylevel
resiliencyperiod resolveaddressnames resourceclass resourcedlldeadlockperiod resourcespecificdata1
resourcespecificdata2 resourcetype responsetime responsetimetolive restartaction restartdelay restartperiod
restartthreshold result retransmittime retryperiodonfailure revision role rolloutaudience rootmemoryreserved
roundtriptime routehistorylength routerdiscovery ruletype runasjob runday rundayofweek runmonth s2dbustypes
s2dcachebehavior s2dcachedesiredstate s2dcacheflashreservepercent s2dcachemetadatareservebytes s2dcachepagesizekbytes
s2denabled s2diolatencythreshold s2doptimizations samesubnetdelay samesubnetthreshold sanitize scaleout
scheduledstarttime secondleveladdresstranslationextensions secretencoding securebootenabled security securitylevel
securitylevelforstorage separatemonitor sequencenumber servicepackmajorversion servicepackminorversion
servicespecificexitcode setsmbbandwidthlimit settingtype sgxenabled sgxlaunchcontrolmode sgxsize
sharedvolumevsswriteroperationtimeout shutdownaction shutdowntimeoutinminutes signature size sizestoredinpagingfiles
skipassource smbbandwidthlimitfactor source sourceroutetype speed started startmemory starttime state status
statuscode statusinfo statusinformation store subclass suffixorigin suitemask supportedmaximumtransmissionunit
swapfilesinuse systemstartupdelay systemstartupsetting tagid targetmemorybuffer targetvtl tcpipnetbiosoptions
tcpmaxconnectretransmissions tcpmaxdataretransmissions tcpnumconnections tcpuserfc1122urgentpointer tcpwindowsize
teamingmode thermalstate threadcount timebeforeremoval timegenerated timeoflastconfigurationchange timeoflastmount
timeoflastreset timeoflaststatechange timeout timestamprecord timestamproute timesubmitted timetolive timewritten
totalmounttime totalphysicalmemory totalpoweronhours totalswapspacesize totalvirtualmemorysize totalvisiblememorysize
transitioningtostate transmitlinkspeed turnoffonguestrestart type typeofservice types uncompresseddatarate
uniqueidformat unitsused unloadtime untiltime updatedomain upgrademethod upgradevcos urequired usage usagerestriction
useclientaccessnetworksforsharedvolumes usemaximumsize userdmaforstorage usersnapshottype uvalue virtual
virtualizationfirmwareenabled virtualnumacount virtualnumaenabled virtualquantity virtualresourceblocksize
virtualslittype virtualsystemsubtype virtualsystemtype vlanid vmbusmessageredirection vmmonitormodeextensions vmstate
voltagecaps volumeoffset vtl vtl2addressrangebase vtl2addressrangesize vtl2addressspaceconfigurationmode
vtl2mmioaddressrangesize waithint wakeuptype watchdogenabled wdminterface weakhostreceive weakhostsend weight
widthpixels winsenablelmhostslookup witnessdatabasewritetimeout witnessdynamicweight witnessrestartinterval
wprsessioncoolofftime wprsessioncount wprstartafter writecachesize writehardeningmethod zerooutentiredisk maxelements
maxenvelopesize operationtimeout expires heartbeats code ciminstance cimstatuscode error_code error_category
error_type perceivedseverity probablecause datetime interval eventid qualifiers level task opcode keywords
eventrecordid systemtime processid threadid returnvalue offlineaction statuscode totalitemscountestimate
"""
NUMERIC = frozenset(_NUMERIC.split())
