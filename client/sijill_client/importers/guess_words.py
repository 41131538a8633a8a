"""What platforms call their columns and statuses, in English and French, without accents.

Patterns with blanks between them, the likelier first; underscores stand for blanks.
"""

from collections.abc import Mapping

_PERSONS = (
    "worker|contributor|participant|annotator|tasker|labell?er|freelancer|member|rater|coder|"
    "transcriber|translator|respondent|agent|crowdworker|turker|judge|operator|"
    "operateur|operatrice|ouvrier|travailleur|annotateur|transcripteur|salarie|prestataire"
)
_WORKS = "assignment|submission|task|session|response|job|work|unit|answer|tache|reponse|travail"
_THINGS = "order|item|record|fiche|ligne|commande|mission"
_ID = "(id|no|n|num|numero|identifiant|ref|reference|code|matricule)_(de_l_|de_la_|de_|du_|d_)?"
_WHEN = "(_(at|on|time|date|datetime|date_time|le|a|heure))?"
_MONEY = "(_(amount|usd|eur|mad|gbp|dh|dhs|dirhams|euros|dollars))?"

NAMES: Mapping[str, str] = {
    "task": f"({_WORKS})_?id {_ID}({_WORKS}|{_THINGS}) "
    f"({_WORKS}|{_THINGS})_?(id|no|nr|number|num|numero|ref|key) "
    f"uuid|id|identifiant "
    f"{_WORKS}|{_THINGS}|ref|reference|numero",
    "worker": f"({_PERSONS})_?(id|no|num|numero) {_ID}({_PERSONS}) {_PERSONS} "
    "user_?(id|no)|id_utilisateur user|user_?name|utilisateur login|identifiant|email|mail",
    "status": "((task|assignment|submission|review|work)_)?(status|state|verdict|result) "
    "statut|etat|resultat|decision",
    "started": "(started|start|accepted|accept|begun|begin|opened|assigned|commence|debut|demarre|"
    f"ouvert){_WHEN} (date|heure)_(de_)?(debut|ouverture) time_?start(ed)?",
    "submitted": "(submitted|submit|completed|complete|finished|finish|ended|end|done|delivered|"
    f"termine|fin|rendu|soumis|livre|envoye|acheve){_WHEN} (date|heure)_(de_)?(fin|rendu|remise) "
    "created_at|timestamp|date|time_?end|horodatage",
    "decided": "(reviewed|review|decided|decision|checked|validated|valide|controle|verifie)"
    f"{_WHEN}",
    "approved": "(approved|approval|paid|accepte|approuve|paye)_(at|on|time|date|datetime|le)",
    "rejected": "(rejected|rejection|refused|refuse|rejete)_(at|on|time|date|datetime|le)",
    "seconds": "(work_?time|time_?taken|duration|elapsed|time_?spent|seconds|minutes|effort|duree|"
    "temps(_passe|_de_travail)?)(_(in))?(_(s|sec|secs|seconds|min|mins|minutes|secondes))?",
    "amount": "(reward|amount|pay|payment|price|earned|earnings|payout|fee|wage|remuneration|gain|"
    f"montant|prix|paiement|tarif|salaire){_MONEY}",
    "currency": "currency(_?code)?|ccy|devise|monnaie",
    "contract": "(hit|project|study|pool|campaign|batch|contract|projet|etude|campagne|lot|mission|"
    "contrat)(_?id)? job",
    "contract_title": "title|titre|intitule|(project|study|campaign|job|task|hit)_?(title|name)",
    "residence": "(worker_)?(country|residence)(_?code)?|pays",
    "sandbox": "sandbox|is_?test|test",
    "feedback": "(requester_|rejection_)?(feedback|comment|reason)|commentaire|"
    "(motif|raison)(_(de_|du_)?(refus|rejet))?",
}
#: What status words mean.
WORDS: Mapping[str, str] = {
    "approved": "approved|accepted|paid|valid|ok|passed|validated|"
    "validee?|acceptee?|approuvee?|payee?",
    "rejected": "rejected|refused|declined|invalid|failed|refusee?|rejetee?|invalide",
    "submitted": "submitted|completed?|done|finished|pending|awaiting.*|in.review|delivered|"
    "soumise?|terminee?|rendue?|en.attente.*|livree?",
    "returned": "returned|abandoned|skipped|cancel+ed|withdrawn|released|dropped|"
    "abandonnee?|annulee?",
    "expired": "expired|timed?.?out|overdue|expiree?",
    "open": "open|active|started|in.progress|assigned|reserved|ongoing|"
    "en.cours|ouverte?|commencee?",
}
