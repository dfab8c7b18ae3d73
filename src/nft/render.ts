/** Operations as the text that `nft -f -` reads. Source: nft(8), tried with nft 1.0.6. */
import { elementsPerCommand } from './limits.ts';
import type { Operation } from './operation.ts';
import type { Field, Key, Lookup, Rule, SetSpec, Statement, TableFamily } from './table.ts';

type Target = { readonly family: TableFamily; readonly name: string };

/** A name that nft reads as a name: the proxy's own are, whatever users call their Services. */
const namePattern = /^[A-Za-z][A-Za-z0-9_-]{0,127}$/;
/** Addresses, ports, protocols, verdicts. No quote, brace, semicolon or line end can leave an element. */
const elementPattern = /^[A-Za-z0-9.:/ _-]{0,255}$/;

function checked(text: string, pattern: RegExp, what: string): string {
  if (!pattern.test(text)) throw new TypeError(`${JSON.stringify(text)} is no ${what} for nft`);
  return text;
}

const nameText = (text: string): string => checked(text, namePattern, 'name');
const elementText = (text: string): string => checked(text, elementPattern, 'element');

function fieldText(field: Field, family: TableFamily): string {
  switch (field) {
    case 'saddr':
    case 'daddr':
      return `${family} ${field}`;
    case 'protocol':
      return 'meta l4proto';
    case 'mark':
      return 'meta mark';
    default:
      return `th ${field}`;
  }
}

/**
 * Sets are declared by `type`, never by `typeof`: nft 1.0.6 cannot add a rule that looks into a map whose value is
 * `typeof .. th dport` once that map is in the kernel ("conflicting protocols specified: ip vs. th").
 */
function typeText(field: Field, family: TableFamily): string {
  switch (field) {
    case 'saddr':
    case 'daddr':
      return family === 'ip' ? 'ipv4_addr' : 'ipv6_addr';
    case 'protocol':
      return 'inet_proto';
    case 'mark':
      return 'mark';
    default:
      return 'inet_service';
  }
}

const keyText = (key: Key, family: TableFamily): string =>
  key.map((field) => fieldText(field, family)).join(' . ');

const lookupText = ({ key, map }: Lookup, family: TableFamily): string =>
  `${keyText(key, family)} map @${nameText(map)}`;

const hex = (value: number): string => `0x${value.toString(16)}`;

function markText(to: Extract<Statement, { type: 'setMark' }>['to'], family: TableFamily): string {
  if ('map' in to) return lookupText(to, family);
  return 'count' in to ? `numgen random mod ${to.count} offset ${to.from}` : hex(to.value);
}

function statementText(statement: Statement, family: TableFamily): string {
  switch (statement.type) {
    case 'inSet':
      return `${keyText(statement.key, family)} ${statement.not ? '!= ' : ''}@${nameText(statement.set)}`;
    case 'equals':
      return `${fieldText(statement.field, family)} ${elementText(statement.value)}`;
    case 'markBits':
      return `meta mark & ${hex(statement.mask)} == ${hex(statement.value)}`;
    case 'ctState':
      return `ct state ${statement.state}`;
    case 'ctStatus':
      return `ct status ${statement.status}`;
    case 'vmap':
      return `${keyText(statement.key, family)} vmap @${nameText(statement.map)}`;
    case 'jump':
    case 'goto':
      return `${statement.type} ${nameText(statement.chain)}`;
    case 'reject':
      return statement.with === 'tcp reset' ? 'reject with tcp reset' : 'reject';
    case 'setMark':
      return `meta mark set ${markText(statement.to, family)}`;
    case 'update':
      return `update @${nameText(statement.map)} { ${keyText(statement.key, family)} timeout ${statement.seconds}s : ${fieldText(statement.value, family)} }`;
    case 'delete':
      return `delete @${nameText(statement.map)} { ${keyText(statement.key, family)} : ${fieldText(statement.value, family)} }`;
    case 'dnat':
      return `dnat ${family} to ${lookupText(statement.to, family)}`;
    case 'masquerade':
      return 'masquerade fully-random';
    default:
      return statement.type;
  }
}

export const ruleText = (rule: Rule, family: TableFamily): string =>
  rule.map((statement) => statementText(statement, family)).join(' ');

function specText(spec: SetSpec, family: TableFamily): string {
  const fields = (list: readonly Field[]) => list.map((field) => typeText(field, family)).join(' . ');
  const value =
    spec.kind === 'vmap' ? ' : verdict' : spec.kind === 'map' ? ` : ${fields(spec.value ?? [])}` : '';
  const flags = [...(spec.isInterval ? ['interval'] : []), ...(spec.isDynamic ? ['dynamic', 'timeout'] : [])];
  const parts = [
    `type ${fields(spec.key)}${value};`,
    ...(flags.length > 0 ? [`flags ${flags.join(',')};`] : []),
    ...(spec.size === undefined ? [] : [`size ${spec.size};`]),
  ];
  return `{ ${parts.join(' ')} }`;
}

function elementCommands(
  verb: 'add' | 'delete',
  at: string,
  elements: readonly (readonly [string, string])[],
): string[] {
  const commands: string[] = [];
  for (let start = 0; start < elements.length; start += elementsPerCommand) {
    const texts = elements
      .slice(start, start + elementsPerCommand)
      .map(([key, value]) =>
        value === '' ? elementText(key) : `${elementText(key)} : ${elementText(value)}`,
      );
    commands.push(`${verb} element ${at} { ${texts.join(', ')} }`);
  }
  return commands;
}

function operationLines(operation: Operation, { family, name }: Target): string[] {
  const table = `${family} ${nameText(name)}`;
  switch (operation.type) {
    case 'addTable':
      return [`add table ${table}`];
    case 'destroyTable':
      return [`delete table ${table}`];
    case 'addSet':
      return [
        `add ${operation.spec.kind === 'set' ? 'set' : 'map'} ${table} ${nameText(operation.set)} ${specText(operation.spec, family)}`,
      ];
    case 'deleteSet':
      // Sets and maps share their names in the kernel, so the one command removes both.
      return [`delete set ${table} ${nameText(operation.set)}`];
    case 'addChain': {
      const { base } = operation;
      const hook =
        base === undefined
          ? ''
          : ` { type ${base.type} hook ${base.hook} priority ${base.priority}; policy accept; }`;
      return [`add chain ${table} ${nameText(operation.chain)}${hook}`];
    }
    case 'setRules': {
      const at = `${table} ${nameText(operation.chain)}`;
      return [
        `flush chain ${at}`,
        ...operation.rules.map((rule) => `add rule ${at} ${ruleText(rule, family)}`),
      ];
    }
    case 'deleteChain':
      return [`delete chain ${table} ${nameText(operation.chain)}`];
    case 'addElements':
      return elementCommands('add', `${table} ${nameText(operation.set)}`, operation.elements);
    case 'deleteElements':
      // A key names its element; values would have to be repeated exactly as the kernel spells them.
      return elementCommands(
        'delete',
        `${table} ${nameText(operation.set)}`,
        operation.elements.map(([key]) => [key, ''] as const),
      );
  }
}

/** The whole transaction: nft applies all of it or nothing. */
export function renderOperations(operations: readonly Operation[], target: Target): string {
  return operations
    .flatMap((operation) => operationLines(operation, target))
    .map((line) => `${line}\n`)
    .join('');
}
