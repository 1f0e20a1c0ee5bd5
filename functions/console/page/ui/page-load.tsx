import { Alert, Button } from '@mantine/core';
import { Component, type ReactNode, Suspense } from 'react';
import { useLanguage } from '../base/language.tsx';
import { Loading } from './state.tsx';

/** A part that loads later than the page: it says that it loads, and how to go on if it fails. */
export function PageLoad({ children }: { children: ReactNode }) {
  return (
    <Barrier fallback={<Outdated />}>
      <Suspense fallback={<Loading />}>{children}</Suspense>
    </Barrier>
  );
}

/** After a deployment the files of an open page are gone; loading it again brings the new ones. */
function Outdated() {
  const { texts } = useLanguage();
  return (
    <Alert color="orange" role="alert" title={texts.state.outdated}>
      <Button size="compact-sm" variant="default" onClick={() => location.reload()}>
        {texts.state.reload}
      </Button>
    </Alert>
  );
}

class Barrier extends Component<{ fallback: ReactNode; children: ReactNode }, { failed: boolean }> {
  override state = { failed: false };
  static getDerivedStateFromError() {
    return { failed: true };
  }
  override render() {
    return this.state.failed ? this.props.fallback : this.props.children;
  }
}
