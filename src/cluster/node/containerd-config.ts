/** What a node's own containerd is told: as text, so that a person can read it in the node's folder. */
import path from 'node:path';

export interface ContainerdFolders {
  /** Everything of this containerd is below it: images, state, socket, configuration. */
  readonly folder: string;
}

export const containerdPaths = (folder: string) => ({
  config: path.join(folder, 'containerd.toml'),
  socket: path.join(folder, 'containerd.sock'),
  root: path.join(folder, 'root'),
  state: path.join(folder, 'state'),
  log: path.join(folder, 'containerd.log'),
  pid: path.join(folder, 'pid'),
  /** Which registries stand in for others. */
  registries: path.join(folder, 'certs.d'),
  cniConfig: path.join(folder, 'cni'),
  cniData: path.join(folder, 'cni-data'),
});

/** JSON's strings are TOML's basic strings, too, for every character that a path may have. */
const quoted = (text: string): string => JSON.stringify(text);

/** Snapshotters and tracing that nobody uses here; each would probe the machine at every start. */
const disabledPlugins = [
  'io.containerd.snapshotter.v1.aufs',
  'io.containerd.snapshotter.v1.btrfs',
  'io.containerd.snapshotter.v1.devmapper',
  'io.containerd.snapshotter.v1.zfs',
  'io.containerd.internal.v1.opt',
  'io.containerd.internal.v1.tracing',
  'io.containerd.tracing.processor.v1.otlp',
];

/** For containerd 1.6 and 1.7 (configuration version 2). */
export function containerdConfig(
  options: ContainerdFolders & {
    sandboxImage: string;
    /** Whether a process of ours may ask to be spared more than it is now when memory runs out: CAP_SYS_RESOURCE. */
    mayLowerOomScore: boolean;
  },
): string {
  const paths = containerdPaths(options.folder);
  const cri = 'plugins."io.containerd.grpc.v1.cri"';
  return `version = 2
root = ${quoted(paths.root)}
state = ${quoted(paths.state)}
disabled_plugins = [${disabledPlugins.map(quoted).join(', ')}]

[grpc]
address = ${quoted(paths.socket)}

[ttrpc]
address = ${quoted(`${paths.socket}.ttrpc`)}

[${cri}]
sandbox_image = ${quoted(options.sandboxImage)}
# In our folder, so that whoever removes the folder finds every mount.
netns_mounts_under_state_dir = true
# Exec, attach and port-forward: only the agent beside it reaches this.
stream_server_address = "127.0.0.1"
stream_server_port = "0"
tolerate_missing_hugetlb_controller = true
# Without that capability runc fails over the sandbox's own score, and over that of critical pods.
restrict_oom_score_adj = ${!options.mayLowerOomScore}

[${cri}.containerd]
snapshotter = "overlayfs"
default_runtime_name = "runc"

[${cri}.containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"

[${cri}.containerd.runtimes.runc.options]
# Not crun, whatever the machine prefers: crun 1.8 fails on hybrid cgroups.
BinaryName = "runc"
SystemdCgroup = false

[${cri}.registry]
config_path = ${quoted(paths.registries)}

[${cri}.cni]
bin_dir = "/usr/lib/cni"
conf_dir = ${quoted(paths.cniConfig)}
`;
}

export interface PodNetwork {
  /** Names the network in the plugins' cache, which all nodes of a machine share: so one for each node. */
  readonly name: string;
  /** The node's share of the pods' addresses: `10.244.1.0/24`; one of each family where it has both. */
  readonly subnet: string | readonly string[];
  readonly bridge: string;
  /** Of the interface that leads to the other nodes; unless given the kernel's default. */
  readonly mtu?: number;
}

/** The standard plugins: a bridge, an address from the subnet, and host ports. */
export function cniConfigList(folder: string, network: PodNetwork): string {
  const subnets = [network.subnet].flat();
  const list = {
    cniVersion: '0.4.0',
    name: network.name,
    plugins: [
      {
        type: 'bridge',
        bridge: network.bridge,
        isGateway: true,
        // A Service's own pod behind it: the packet goes back out where it came in.
        hairpinMode: true,
        ipMasq: false,
        ...(network.mtu === undefined ? {} : { mtu: network.mtu }),
        ipam: {
          type: 'host-local',
          dataDir: containerdPaths(folder).cniData,
          ranges: subnets.map((subnet) => [{ subnet }]),
          routes: subnets.map((subnet) => ({ dst: subnet.includes(':') ? '::/0' : '0.0.0.0/0' })),
        },
      },
      { type: 'portmap', capabilities: { portMappings: true }, snat: true },
    ],
  };
  return `${JSON.stringify(list, null, 2)}\n`;
}
