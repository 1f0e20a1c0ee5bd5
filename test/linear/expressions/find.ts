import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

const ROOT = join(import.meta.dirname, '../../..');
const PRODUCT = '{functions,infra,shared}/**/*.{ts,tsx,js,mjs}';

/** The regular expressions of product code. */
export interface Expressions {
  /** Literals such as `/a+/u`, each with the files that have it. */
  literals: ReadonlyMap<string, readonly string[]>;
  /** Expressions that are made at run time, as `file: source text`. */
  made: readonly string[];
}

/** Finds every regular expression in product code, as the compiler sees it. */
export function findExpressions(files = productFiles()): Expressions {
  const literals = new Map<string, string[]>();
  const made: string[] = [];
  for (const [file, text] of files) {
    const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
    const visit = (node: ts.Node): void => {
      if (ts.isRegularExpressionLiteral(node))
        literals.set(node.text, [...(literals.get(node.text) ?? []), file]);
      if (isMade(node)) made.push(`${file}: ${node.getText(source).replace(/\s+/g, ' ')}`);
      ts.forEachChild(node, visit);
    };
    visit(source);
  }
  return { literals, made };
}

const isMade = (node: ts.Node): node is ts.NewExpression | ts.CallExpression =>
  (ts.isNewExpression(node) || ts.isCallExpression(node)) && node.expression.getText() === 'RegExp';

const productFiles = (): [string, string][] =>
  globSync(PRODUCT, { cwd: ROOT }).map((file) => [file, readFileSync(join(ROOT, file), 'utf8')]);
