/** What may be wrong in a piece of code: the mistakes that are tried, each with the code it makes. */

const SWAPS = {
  '<': ['<='],
  '<=': ['<'],
  '>': ['>='],
  '>=': ['>'],
  '===': ['!=='],
  '!==': ['==='],
  '+': ['-'],
  '-': ['+'],
  '*': ['/'],
  '/': ['*'],
  '%': ['*'],
};
const CALLS = new Map([
  ['min', 'max'],
  ['max', 'min'],
  ['round', 'floor'],
  ['floor', 'ceil'],
  ['ceil', 'floor'],
  ['push', 'unshift'],
  ['unshift', 'push'],
  ['some', 'every'],
  ['every', 'some'],
]);
/** Calls that can be left out: what they are called on goes on as it is. */
const DROPPED = new Set(['filter', 'sort', 'toSorted', 'reverse', 'toReversed', 'slice', 'trim', 'flat']);
const STATEMENTS = new Set([
  'CallExpression',
  'AssignmentExpression',
  'UpdateExpression',
  'AwaitExpression',
  'UnaryExpression',
  'ChainExpression',
]);

/** The faults of one expression: `{ what, code }`. `text(node)` is its source, `parent` and `key` say where it stands. */
export function faultsOf(node, parent, key, text) {
  const found = [];
  const add = (what, code) => found.push({ what, code });
  const place = `${parent?.type}.${key}`;
  if (place === 'ExpressionStatement.expression' && STATEMENTS.has(node.type) && node.callee?.type !== 'Super') add('left out', 'void 0');
  const isCondition = /^(IfStatement|ConditionalExpression|WhileStatement|DoWhileStatement|ForStatement)\.test$/.test(place);
  if (isCondition && node.type !== 'BinaryExpression' && node.type !== 'UnaryExpression') add('negated', `!(${text(node)})`);
  if (
    (place === 'ReturnStatement.argument' || (place === 'ArrowFunctionExpression.body' && node.type !== 'BlockStatement')) &&
    !isNothing(node)
  ) {
    if (!/Function/.test(node.type)) add('returns nothing', 'undefined');
  }
  switch (node.type) {
    case 'BinaryExpression':
      if (node.left.type === 'PrivateIdentifier') break;
      if (node.operator === '+' && [node.left, node.right].some(isText)) break;
      for (const operator of SWAPS[node.operator] ?? []) add(operator, `(${text(node.left)}) ${operator} (${text(node.right)})`);
      break;
    case 'LogicalExpression':
      add('left side only', text(node.left));
      add('right side only', text(node.right));
      break;
    case 'UnaryExpression':
      if (node.operator === '!') add('not negated', text(node.argument));
      break;
    case 'UpdateExpression':
      if (place !== 'ForStatement.update') {
        const operator = node.operator === '++' ? '--' : '++';
        add(operator, node.prefix ? `${operator}${text(node.argument)}` : `${text(node.argument)}${operator}`);
      }
      break;
    case 'AssignmentExpression':
      if (node.operator === '+=' || node.operator === '-=') {
        if (!isText(node.right)) add('other sign', `${text(node.left)} ${node.operator === '+=' ? '-=' : '+='} ${text(node.right)}`);
      } else if (node.operator === '??=') add('overwritten', `${text(node.left)} = ${text(node.right)}`);
      break;
    case 'Literal':
      if (typeof node.value === 'number')
        add('another number', String(node.value === 0 ? 1 : node.value === 1 ? 0 : Math.ceil(node.value / 10)));
      else if (typeof node.value === 'boolean') add('the other', String(!node.value));
      break;
    case 'CallExpression':
      if (
        node.callee.type === 'MemberExpression' &&
        !node.callee.computed &&
        parent?.type !== 'ChainExpression' &&
        !node.optional &&
        !node.callee.optional
      ) {
        const { object, property } = node.callee;
        if (DROPPED.has(property.name) && object.type !== 'Super') add('call left out', text(object));
        const other = CALLS.get(property.name);
        if (other !== undefined) add(other, `(${text(object)}).${other}(${node.arguments.map(text).join(', ')})`);
      }
      break;
    case 'ObjectExpression':
      if (node.properties.length > 1 && place !== 'ExpressionStatement.expression') {
        for (const gone of node.properties) {
          if (
            gone.type !== 'Property' ||
            gone.method ||
            gone.kind !== 'init' ||
            /Function/.test(gone.value.type) ||
            isUndefined(gone.value)
          )
            continue;
          add(
            `without ${text(gone.key)}`,
            `{ ${node.properties
              .filter((one) => one !== gone)
              .map(text)
              .join(', ')} }`,
          );
        }
      }
      break;
  }
  return found;
}

function isText(node) {
  return node.type === 'TemplateLiteral' || (node.type === 'Literal' && typeof node.value === 'string');
}

/** Also `false`: to who asks it is the same, and what says `true` instead is another fault. */
function isNothing(node) {
  return (node.type === 'Literal' && node.value === false) || isUndefined(node);
}

/** As a property it reads the same where it is left out. */
function isUndefined(node) {
  return (node.type === 'Identifier' && node.name === 'undefined') || (node.type === 'UnaryExpression' && node.operator === 'void');
}
