import { ScrollArea, Table } from '@mantine/core';
import type { VisitSums } from '../../../../shared/domains/visits/stats.ts';
import { longSpan, share, whole } from '../base/format.ts';
import { useLanguage } from '../base/language.tsx';
import { useVisitsTexts } from './texts.ts';

interface Props {
  /** The name of the table, for assistive technology. */
  label: string;
  head: string;
  rows: readonly ({ name: string; key: string } & VisitSums)[];
}

/** Sums of visits, a row each, with a bar for who compares at a glance. */
export function VisitTable({ label, head, rows }: Props) {
  const { language } = useLanguage();
  const texts = useVisitsTexts();
  const most = Math.max(1, ...rows.map(({ visits }) => visits));
  return (
    <ScrollArea type="auto" viewportProps={{ tabIndex: 0 }}>
      <Table verticalSpacing={6} aria-label={label} miw={520}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{head}</Table.Th>
            <Table.Th className="number">{texts.visits}</Table.Th>
            <Table.Th className="number">{texts.engaged}</Table.Th>
            <Table.Th className="number">{texts.mean}</Table.Th>
            <Table.Th className="number">{texts.inferred}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map(({ name, key, visits, open, inferred, engaged_seconds }) => (
            <Table.Tr key={key}>
              <Table.Th scope="row" className="wrapped row-name">
                {name}
                <div className="share-bar" style={{ width: `${(100 * visits) / most}%` }} />
              </Table.Th>
              <Table.Td className="number">{whole(visits, language)}</Table.Td>
              <Table.Td className="number">{longSpan(engaged_seconds, language)}</Table.Td>
              <Table.Td className="number">
                {visits === 0 ? '–' : longSpan(engaged_seconds / visits, language)}
              </Table.Td>
              <Table.Td className="number">{share(inferred, visits - open, language)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </ScrollArea>
  );
}
