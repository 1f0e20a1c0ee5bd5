import { Alert, Stack, Title } from '@mantine/core';
import { Link } from 'wouter';
import { useBilling } from '../billing-queries.ts';
import { Automatic } from '../parts/billing/automatic.tsx';
import { Rules } from '../parts/billing/rules.tsx';
import { Failure, Loading } from '../parts/state.tsx';
import { useBillingTexts } from '../texts/billing.ts';
import { useTemplateTexts } from '../texts/templates.ts';

/** The billing settings of one organisation: the switch with its guard, and the rules. */
export default function BillingPage({ id }: { id: string }) {
  const texts = useBillingTexts();
  const mails = useTemplateTexts();
  const { data, error, isPending, refetch } = useBilling(id);
  return (
    <Stack gap="lg">
      <div>
        <Link href={`/followups?org=${encodeURIComponent(id)}`}>{texts.back}</Link>
        <Title order={1} size="h2" className="wrapped">
          {texts.title(id)}
        </Title>
      </div>
      <Link href={`/billing/${encodeURIComponent(id)}/templates`}>{mails.open}</Link>
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
