import { Alert, Stack, Title } from '@mantine/core';
import { Link } from 'wouter';
import { billingAddress } from '../base/addresses.ts';
import { useTitle } from '../base/title.ts';
import { Failure, Loading } from '../ui/state.tsx';
import { Automatic } from './automatic.tsx';
import { useBilling } from './queries.ts';
import { Rules } from './rules.tsx';
import { useBillingTexts } from './texts.ts';

/** The billing settings of one organisation: the switch with its guard, and the rules. */
export default function BillingPage({ id }: { id: string }) {
  const texts = useBillingTexts();
  const mails = useBillingTexts().mails;
  const { data, error, isPending, refetch } = useBilling(id);
  useTitle(texts.title(id));
  return (
    <Stack gap="lg">
      <div>
        <Link href={`/followups?org=${encodeURIComponent(id)}`}>{texts.back}</Link>
        <Title order={1} size="h2" className="wrapped">
          {texts.title(id)}
        </Title>
      </div>
      <Link href={`${billingAddress(id)}/templates`}>{mails.open}</Link>
      {isPending && <Loading />}
      {error && !data && <Failure error={error} retry={() => void refetch()} />}
      {data?.warnings?.map((warning) => (
        <Alert key={warning} color="orange" lang="en" className="wrapped">
          {warning}
        </Alert>
      ))}
      {data && <Automatic stored={data} />}
      {data && <Rules key={data.updated_at} stored={data} />}
    </Stack>
  );
}
