/**
 * From Services and slices to transactions, on one node. Holds what each Service contributes, so that one changed
 * Service is one small transaction. No I/O, no clock.
 */
import type { EndpointSlice, Service } from '../kinds/generated/types.ts';
import type { IPFamily } from '../lib/ip.ts';
import { adoptTable } from '../nft/adopt.ts';
import { diffTables } from '../nft/diff.ts';
import type { TableName } from '../nft/nft.ts';
import type { Operation } from '../nft/operation.ts';
import type { Reading } from '../nft/reading.ts';
import type { Table } from '../nft/table.ts';
import { countLocalReady, type PortResolution, resolve, shapeOf } from '../service/resolve.ts';
import { changedDoors, type DatagramDoors, datagramDoors } from './datagram-flows.ts';
import { baseTable, layoutMarker, type NodeNetwork, tableFamily, tableName } from './layout.ts';
import { type Contributions, serviceRules } from './service-rules.ts';
import { TableState } from './table-state.ts';

export interface Transaction {
  readonly family: IPFamily;
  readonly table: TableName;
  readonly operations: readonly Operation[];
}

export interface PlannedService {
  readonly service: Service;
  readonly resolutions: readonly PortResolution[];
  readonly contributions: Contributions;
  /** How many local endpoints are ready: what the health check answers. */
  readonly localReady: number;
  readonly datagramDoors: DatagramDoors;
}

export interface PlannerOptions {
  readonly network: NodeNetwork;
  /** For which there are tables; the others' addresses are not routed. */
  readonly families: readonly IPFamily[];
}

export class Planner {
  readonly #options: PlannerOptions;
  readonly #tables: ReadonlyMap<IPFamily, TableState>;
  readonly #planned = new Map<string, PlannedService>();
  /** By door, the Service that has it. */
  readonly #doors = new Map<string, string>();
  #changedDoors = new Set<string>();

  constructor(options: PlannerOptions) {
    this.#options = options;
    this.#tables = new Map(
      options.families.map((family) => [family, new TableState(baseTable(family, options.network))]),
    );
  }

  get(key: string): PlannedService | undefined {
    return this.#planned.get(key);
  }

  services(): Iterable<[string, PlannedService]> {
    return this.#planned;
  }

  /** Elements and chains that Services asked for, in all tables. */
  get size(): { elements: number; chains: number } {
    const sizes = [...this.#tables.values()].map(({ size }) => size);
    return {
      elements: sizes.reduce((sum, { elements }) => sum + elements, 0),
      chains: sizes.reduce((sum, { chains }) => sum + chains, 0),
    };
  }

  /** `service`: as it is now; undefined when it is gone. `slices`: those of the Service. */
  set(key: string, service: Service | undefined, slices: readonly EndpointSlice[]): void {
    const before = this.#planned.get(key);
    const after =
      service === undefined || shapeOf(service) !== 'virtual' ? undefined : this.#plan(service, slices);
    for (const [family, table] of this.#tables)
      table.update(key, { before: before?.contributions[family], after: after?.contributions[family] });
    if (after === undefined) this.#planned.delete(key);
    else this.#planned.set(key, after);
    const doors = { before: before?.datagramDoors ?? new Map(), after: after?.datagramDoors ?? new Map() };
    for (const door of changedDoors(doors.before, doors.after)) this.#changedDoors.add(door);
    for (const door of doors.before.keys()) if (this.#doors.get(door) === key) this.#doors.delete(door);
    for (const door of doors.after.keys()) this.#doors.set(door, key);
  }

  /** Where UDP flows may be stale since the last call. */
  takeChangedDoors(): ReadonlySet<string> {
    const changed = this.#changedDoors;
    this.#changedDoors = new Set();
    return changed;
  }

  /** The endpoints of a door for datagrams; undefined when no Service has it. */
  endpointsOf(door: string): ReadonlySet<string> | undefined {
    return this.#planned.get(this.#doors.get(door) ?? '')?.datagramDoors.get(door);
  }

  /** What leads from what was last taken to what is wanted now. */
  take(): Transaction[] {
    return [...this.#tables]
      .map(([family, table]) => this.#transaction(family, table.take()))
      .filter(({ operations }) => operations.length > 0);
  }

  /**
   * What makes the tables as they are wanted, whatever the kernel has; `take` then starts from there. `readings`: what it
   * has. A table of the same layout is taken over, so that affinity lasts; any other one is made anew.
   */
  takeAll(readings: ReadonlyMap<IPFamily, Reading> = new Map()): Transaction[] {
    return [...this.#tables].map(([family, table]) => {
      table.settle();
      const reading = readings.get(family);
      const wanted = table.table();
      const isOurs = reading?.chains.has(layoutMarker) === true;
      return this.#transaction(family, isOurs ? adoptTable(reading, wanted) : diffTables(undefined, wanted));
    });
  }

  /** Everything that is wanted now, to look at: nothing counts as taken. */
  tables(): Table[] {
    return [...this.#tables.values()].map((table) => table.table());
  }

  #transaction(family: IPFamily, operations: readonly Operation[]): Transaction {
    return { family, table: { family: tableFamily(family), name: tableName }, operations };
  }

  #plan(service: Service, slices: readonly EndpointSlice[]): PlannedService {
    const { network } = this.#options;
    const node = { name: network.node, ...(network.zone === undefined ? {} : { zone: network.zone }) };
    const resolutions = resolve(service, { slices, node });
    return {
      service,
      resolutions,
      contributions: serviceRules(service, resolutions, { nodeAddresses: network.nodeAddresses }),
      localReady: countLocalReady(resolutions),
      datagramDoors: datagramDoors(service, resolutions, network.nodeAddresses),
    };
  }
}
