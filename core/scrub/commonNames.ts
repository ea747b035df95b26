/** Given and family names that are most common in the United States; without those that are everyday words too. */
const GIVEN = `
  james john robert michael william david richard joseph thomas charles christopher daniel matthew anthony donald
  steven paul andrew joshua kenneth kevin brian george edward ronald timothy jason jeffrey ryan jacob nicholas eric
  jonathan stephen larry justin scott brandon benjamin samuel gregory alexander patrick raymond tyler dennis jerry
  aaron jose adam nathan henry douglas zachary peter kyle ethan walter noah jeremy christian keith roger terry austin
  sean gerald carl harold dylan jesse jordan bryan lawrence arthur gabriel bruce logan albert willie alan juan louis
  wayne elijah randy roy vincent ralph eugene russell bobby philip johnny liam oliver mateo lucas diego carlos luis
  miguel antonio francisco alejandro pedro jorge ricardo fernando javier mohammed ahmed ali omar ibrahim hiroshi wei
  mary patricia jennifer linda elizabeth barbara susan jessica sarah karen lisa nancy betty margaret sandra ashley
  kimberly emily donna michelle carol amanda dorothy melissa deborah stephanie rebecca sharon laura cynthia kathleen
  amy angela shirley anna brenda pamela emma nicole helen samantha katherine christine debra rachel carolyn janet
  catherine maria heather diane ruth julie olivia joyce virginia victoria kelly lauren christina joan evelyn judith
  megan andrea cheryl hannah jacqueline martha gloria teresa ann sara madison frances kathryn janice jean abigail
  alice julia judy sophia denise amber doris marilyn danielle beverly isabella theresa diana natalie brittany
  charlotte marie kayla alexis lori guadalupe rosa juana carmen lucia sofia valentina camila fatima aisha mei yuki`;

const FAMILY = `
  smith johnson williams jones garcia miller davis rodriguez martinez hernandez lopez gonzalez wilson anderson
  taylor moore jackson martin lee perez thompson harris sanchez clark ramirez lewis robinson walker allen wright
  torres nguyen flores adams nelson baker campbell mitchell carter roberts gomez phillips evans turner diaz parker
  edwards collins reyes stewart morris morales murphy rogers gutierrez ortiz morgan cooper peterson bailey reed kelly
  howard ramos kim cox ward richardson watson chavez bennett mendoza ruiz hughes alvarez castillo sanders patel myers
  foster jimenez powell jenkins perry russell sullivan coleman butler henderson barnes gonzales fisher vasquez simmons
  romero patterson hamilton graham reynolds griffin wallace moreno cole hayes bryant herrera gibson ellis tran medina
  aguilar stevens murray castro marshall owens harrison fernandez mcdonald washington kennedy vargas chen henry
  freeman wells webb simpson tucker guzman burns crawford olson porter hunter gordon mendez silva shaw snyder mason
  dixon munoz hunt hicks holmes palmer wagner robertson boyd salazar warren mills meyer rice schmidt garza daniels
  ferguson nichols stephens soto weaver ryan gardner payne kelley dunn pierce arnold spencer hawkins hansen peters
  santos hart bradley knight elliott cunningham duncan armstrong hudson carroll lane riley andrews alvarado berry
  perkins hoffman johnston matthews pena richards contreras willis carpenter lawrence sandoval guerrero chapman rios
  estrada ortega watkins greene nunez wheeler valdez harper burke larson santiago maldonado morrison singh khan wong
  zhang wang yang liu huang wu ivanov kowalski schneider fischer weber rossi ferrari dubois`;

export const COMMON_NAMES: ReadonlySet<string> = new Set(`${GIVEN} ${FAMILY}`.trim().split(/\s+/));
