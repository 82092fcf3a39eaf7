/** Every verb of the command line, in the order that `--help` shows them. */

import { backupCreateVerb, backupListVerb, backupVerifyVerb } from "./backup.ts";
import { backupAdoptVerb } from "./backupAdopt.ts";
import { backupRestoreVerb } from "./backupRestore.ts";
import { chatVerb } from "./chatVerb.ts";
import { docsCheckVerb } from "./docsCheck.ts";
import { docsStampVerb } from "./docsStamp.ts";
import { docsSyncVerb } from "./docsSync.ts";
import { docsVerifyVerb } from "./docsVerify.ts";
import { drillVerb } from "./drill.ts";
import { envVerb } from "./env.ts";
import { gateVerb } from "./gate.ts";
import { historyVerb, historyVerifyVerb } from "./history.ts";
import { leaseBreakVerb } from "./leaseBreak.ts";
import { leaseShowVerb } from "./leaseShow.ts";
import { logsVerb } from "./logs.ts";
import { modeSetVerb } from "./modeSet.ts";
import { modeHistoryVerb, modeShowVerb } from "./modeShow.ts";
import { modeWithdrawVerb } from "./modeWithdraw.ts";
import { practiceVerb } from "./practice.ts";
import { psVerb } from "./ps.ts";
import { releaseAttestVerb } from "./releaseAttest.ts";
import { releaseCutVerb } from "./releaseCut.ts";
import { releaseDiffVerb } from "./releaseDiff.ts";
import { releaseListVerb } from "./releaseList.ts";
import { releaseRevokeVerb } from "./releaseRevoke.ts";
import { releaseShowVerb } from "./releaseShow.ts";
import { releaseSignVerb } from "./releaseSign.ts";
import { releaseVerifyVerb } from "./releaseVerify.ts";
import { reportVerb } from "./report.ts";
import { rolesCheckVerb } from "./rolesCheck.ts";
import { rolesGenerateVerb } from "./rolesGenerate.ts";
import { rollbackVerb } from "./rollback.ts";
import { schemaCheckVerb } from "./schemaCheck.ts";
import { schemaStatusVerb } from "./schemaStatus.ts";
import { secretsScanVerb } from "./secretsScan.ts";
import { smokeVerb } from "./smoke.ts";
import { trustInstallVerb, trustShowVerb } from "./trust.ts";
import { previewVerb, upVerb } from "./up.ts";
import type { Verb } from "./verb.ts";

export const verbs: readonly Verb[] = [
  upVerb,
  previewVerb,
  rollbackVerb,
  drillVerb,
  psVerb,
  logsVerb,
  gateVerb,
  reportVerb,
  chatVerb,
  smokeVerb,
  docsSyncVerb,
  docsVerifyVerb,
  docsCheckVerb,
  docsStampVerb,
  secretsScanVerb,
  schemaStatusVerb,
  schemaCheckVerb,
  backupCreateVerb,
  backupListVerb,
  backupVerifyVerb,
  backupRestoreVerb,
  backupAdoptVerb,
  releaseShowVerb,
  releaseDiffVerb,
  releaseCutVerb,
  releaseAttestVerb,
  releaseSignVerb,
  releaseVerifyVerb,
  releaseListVerb,
  releaseRevokeVerb,
  rolesCheckVerb,
  rolesGenerateVerb,
  trustInstallVerb,
  trustShowVerb,
  historyVerb,
  historyVerifyVerb,
  leaseShowVerb,
  leaseBreakVerb,
  modeShowVerb,
  modeSetVerb,
  modeHistoryVerb,
  modeWithdrawVerb,
  practiceVerb,
  envVerb,
];
