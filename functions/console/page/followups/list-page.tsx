import { Group, NativeSelect, Stack, Text, Title } from '@mantine/core';
import { Link, useLocation, useSearchParams } from 'wouter';
import type { ExplainedFollowup } from '../../api/followups/views.ts';
import { billingAddress } from '../base/addresses.ts';
import { useOrganisations } from '../base/organisations.ts';
import { usePages } from '../base/pages.ts';
import { useTitle } from '../base/title.ts';
import { MoreButton } from '../ui/pages-button.tsx';
import { Empty, Failure, Loading } from '../ui/state.tsx';
import { Views } from '../ui/views.tsx';
import { DueList } from './due-list.tsx';
import { FollowupLine } from './line.tsx';
import { useFollowupsTexts } from './texts.ts';

const VIEWS = ['next', 'waiting', 'uncertain', 'to_fix', 'sent', 'ended'] as const;
type View = (typeof VIEWS)[number];

/** Follow-ups that are due, that wait for a person, and that are done. The address keeps the choice. */
export default function FollowupsPage() {
  const texts = useFollowupsTexts();
  useTitle(texts.title);
  const [params] = useSearchParams();
  const view = VIEWS.find((name) => name === params.get('view')) ?? 'next';
  const organisation = params.get('org') ?? '';
  const address = (chosen: { view: View; org: string }) => {
    const given = Object.entries(chosen).filter(([name, value]) => value !== '' && value !== 'next' && name);
    return given.length === 0 ? '/followups' : `/followups?${new URLSearchParams(given)}`;
  };
  return (
    <Stack gap="lg">
      <div>
        <Title order={1}>{texts.title}</Title>
        <Text c="dimmed">{texts.intro}</Text>
      </div>
      <Views
        name={texts.viewsName}
        views={VIEWS.map((name) => ({
          to: address({ view: name, org: organisation }),
          label: texts.views[name],
          here: name === view,
        }))}
      />
      <Organisations chosen={organisation} address={(org) => address({ view, org })} />
      <List key={`${view} ${organisation}`} view={view} organisation={organisation} />
    </Stack>
  );
}

interface OrganisationsProps {
  chosen: string;
  address(organisation: string): string;
}

/** The organisation whose follow-ups are shown, with links to the settings of each. */
function Organisations({ chosen, address }: OrganisationsProps) {
  const texts = useFollowupsTexts();
  const [, go] = useLocation();
  const ids = [...new Set([...useOrganisations(), ...(chosen ? [chosen] : [])])];
  if (ids.length === 0) return null;
  const only = chosen || (ids.length === 1 ? ids[0] : undefined);
  return (
    <Group align="flex-end" gap="md">
      <NativeSelect
        label={texts.organisation}
        value={chosen}
        onChange={({ currentTarget }) => go(address(currentTarget.value), { replace: true })}
        data={[{ value: '', label: texts.allOrganisations }, ...ids.map((id) => ({ value: id, label: id }))]}
      />
      {(only ? [only] : ids).map((id) => (
        <Link key={id} href={billingAddress(id)} className="wrapped">
          {texts.settingsOf(id)}
        </Link>
      ))}
    </Group>
  );
}

function List({ view, organisation }: { view: View; organisation: string }) {
  const texts = useFollowupsTexts();
  const list = usePages<ExplainedFollowup>(['followups', view, organisation], '/api/followups', {
    view,
    org_id: organisation,
  });
  const { data, error, isPending, refetch } = list;
  if (isPending) return <Loading />;
  if (!data) return <Failure error={error} retry={() => void refetch()} />;
  const items = data.pages.flatMap((page) => page.items);
  if (items.length === 0) return <Empty>{texts.none[view]}</Empty>;
  return (
    <div>
      <Text c="dimmed" mb="sm">
        {texts.help[view]}
      </Text>
      {view === 'next' ? (
        <Stack gap="lg">
          <DueList items={items} />
        </Stack>
      ) : (
        <ul className="lines">
          {items.map((followup) => (
            <FollowupLine
              key={followup.id}
              followup={followup}
              at={view === 'sent' ? followup.last_sent_at : (followup.parked?.at ?? null)}
            />
          ))}
        </ul>
      )}
      <MoreButton list={list} />
    </div>
  );
}
